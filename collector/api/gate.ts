import { ApiError } from "./api-error.ts";

/** Answers that read many spans: so many are computed at once, and so many more may wait. */
const atOnceMax = 2;
const waitingMax = 32;

/** Runs `work` when it is its turn; rejects with TOO_MANY_READS when too many wait already. */
export type Gate = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Bounds the memory that answers may hold together, whoever asks however often. */
export function createGate(): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atOnceMax) {
      if (waiting.length >= waitingMax) {
        throw new ApiError("TOO_MANY_READS", "too many large answers are asked for; try again");
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      // The place goes to whoever waits longest, or is free.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
