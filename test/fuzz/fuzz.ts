import fc from "fast-check";
import { compressedUnnamed, type FuzzedRequest, type Transport } from "./transports.ts";

export interface FuzzReport {
  readonly sent: number;
  /** How often each answer came. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests whose answer may not be, at most `failuresMax`. */
  readonly failures: readonly FuzzFailure[];
}

interface FuzzFailure {
  readonly answer: string;
  readonly headers: FuzzedRequest["headers"];
  readonly bodyHex: string;
}

/** What a request may be answered, whatever it holds: accepted, the sender's fault, or come again. */
const allowed = new Set([
  "200",
  "202",
  "400",
  "413",
  "415",
  "503",
  ...[0, 3, 8, 12, 14].map((code) => `grpc ${code}`),
  ...[3, 8, 13].map((code) => `grpc ${code} ${compressedUnnamed}`),
]);

const concurrency = 128;
const batchSize = 1000;
const failuresMax = 20;

/** Sends `count` requests; equal `seed`, equal requests. */
export async function fuzz(transport: Transport, count: number, seed: number): Promise<FuzzReport> {
  const answers: Record<string, number> = {};
  const failures: FuzzFailure[] = [];
  for (let sent = 0; sent < count; sent += batchSize) {
    const numRuns = Math.min(batchSize, count - sent);
    const queue = fc.sample(transport.requests, { numRuns, seed: seed + sent });
    const sendAll = async () => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        const answer = await transport.send(next).catch((error: unknown) => String(error));
        answers[answer] = (answers[answer] ?? 0) + 1;
        if (allowed.has(answer) || failures.length === failuresMax) continue;
        failures.push({ answer, headers: next.headers, bodyHex: next.body.toString("hex") });
      }
    };
    await Promise.all(Array.from({ length: concurrency }, sendAll));
  }
  return { sent: count, answers, failures };
}
