import { types } from "node:util";
import { captureCallSite } from "../evidence/call-site.ts";
import type { DatabaseCall } from "./database-call.ts";

/** From the answer up to the application, through the asynchronous functions of an ORM. */
const framesMax = 32;

export interface SoughtCall {
  /** It has no call site yet and shall have one. */
  isSought: boolean;
  /** Once there is a connection for it. */
  call: DatabaseCall | undefined;
}

/**
 * The call site of a call that has none when it begins, because `await` alone starts it, in a turn of its own:
 *
 *   await db.select()…            (Drizzle, and whatever else has a `then` that makes the call)
 *     └ turn ends ─ then() ─ pool.query: the stack has no frame of the application
 *                              └ the answer ─▶ its promise: who waits for it is on the stack
 *
 * The span is kept back until then. Only for calls whose call site is worth it, for the promise is another one.
 */
export function findCallerBehind(result: unknown, sought: SoughtCall): unknown {
  if (!types.isPromise(result)) {
    sought.isSought = false;
    sought.call?.release(undefined);
    return result;
  }
  const onValue = (value: unknown) => {
    sought.call?.release(captureCallSite(onValue, framesMax));
    return value;
  };
  const onError = (error: unknown) => {
    sought.call?.release(captureCallSite(onError, framesMax));
    throw error;
  };
  return result.then(onValue, onError);
}
