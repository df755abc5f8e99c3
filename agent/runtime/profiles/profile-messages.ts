import type { MarkedRequests } from "../../tracing/request-marks.ts";
import type { ProfileTrigger } from "./profile-rules.ts";

/** A CPU profile that is done. */
export interface TakenCpuProfile {
  readonly trigger: ProfileTrigger;
  readonly marks: MarkedRequests;
  /** `performance.now()` of the application's thread minus Node's monotonic clock. */
  readonly clockOffsetMs: number;
}

/** One cell: how many inspector sessions the agent's thread has with the application's. */
export type SessionsCell = Int32Array<SharedArrayBuffer>;

/** What the application's thread asks for; the agent's thread profiles it through the inspector. */
export type ProfileRequest = { readonly kind: "profile" } & (
  | {
      readonly command: "startCpu";
      readonly intervalUs: number;
      readonly sessions: SessionsCell;
    }
  | { readonly command: "stopCpu"; readonly taken: TakenCpuProfile }
  | { readonly command: "startHeap"; readonly sessions: SessionsCell }
  /** What is there now is compared with what is there at the end. */
  | { readonly command: "markHeap" }
  /** With what the heap held in each window. */
  | { readonly command: "stopHeap"; readonly usedBytes: readonly number[] }
  /** The process ends: a session that is open then would hold it, and have Node write a line. */
  | { readonly command: "end" }
);

export type ProfileReport =
  /** A CPU profile has begun: from now on its time counts. */
  | { readonly kind: "profileStarted" }
  /** What was being taken can't be taken, whatever it was. */
  | { readonly kind: "profileFailed" };
