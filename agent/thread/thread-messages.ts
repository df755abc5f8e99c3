import type { ExportReport, ExportRequest, ExportSettings } from "../export/export-service.ts";
import type { PlanRequest } from "../plans/plan-messages.ts";
import type { ProfileReport, ProfileRequest } from "../runtime/profiles/profile-messages.ts";
import type { CapturedStack, WatchRequest, WatchSettings } from "../runtime/watch-protocol.ts";

/** What the agent's thread is told when it starts. */
export interface ThreadSettings {
  /** Undefined: it sends nothing. */
  readonly sending: ExportSettings | undefined;
  /** Undefined: it does not watch. */
  readonly watching: WatchSettings | undefined;
}

export type ThreadRequest =
  | ExportRequest
  | ProfileRequest
  | PlanRequest
  | WatchRequest
  /** A worker thread of the application, that has begun, or ended. */
  | { readonly kind: "worker"; readonly threadId: number }
  | { readonly kind: "workerEnded"; readonly threadId: number };

export type ThreadReport =
  | ExportReport
  | { readonly kind: "stack"; readonly stack: CapturedStack }
  | ProfileReport
  | { readonly kind: "watchFailed"; readonly reason: string };
