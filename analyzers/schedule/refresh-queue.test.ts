import { expect, test } from "vitest";
import { traceDetectors } from "../index.ts";
import { RefreshQueue } from "./refresh-queue.ts";

const detector = traceDetectors[0]!;
const ids = (findings: readonly { readonly fingerprint: string }[]) =>
  findings.map(({ fingerprint }) => fingerprint);

test("what waits longest comes first, and says how far the traces are merged", () => {
  const queue = new RefreshQueue();
  expect(queue.oldestMs).toBeUndefined();
  for (const [i, fingerprint] of ["b", "a", "c"].entries()) {
    queue.add({ fingerprint, detector, sinceMs: 100 + i });
  }
  queue.add({ fingerprint: "b", detector, sinceMs: 900 });
  expect(ids(queue.due(1_000, 2))).toEqual(["b", "a"]);
  expect(queue.oldestMs).toBe(100);
  queue.done("b", 0, 1_000);
  expect(queue.oldestMs).toBe(101);
});

test("a young finding is due again after 30 s, an old one after 5 minutes", () => {
  const queue = new RefreshQueue();
  const nowMs = 1_000_000_000;
  queue.done("young", nowMs - 1_000, nowMs);
  queue.done("grown", nowMs - 1_200_000, nowMs);
  queue.done("old", 0, nowMs);
  for (const fingerprint of ["young", "grown", "old"]) {
    queue.add({ fingerprint, detector, sinceMs: nowMs });
  }
  expect(ids(queue.due(nowMs + 29_999, 9))).toEqual([]);
  expect(ids(queue.due(nowMs + 30_000, 9))).toEqual(["young"]);
  expect(ids(queue.due(nowMs + 60_000, 9))).toEqual(["young", "grown"]);
  expect(ids(queue.due(nowMs + 300_000, 9))).toEqual(["young", "grown", "old"]);
});

test("a full queue refuses what it does not hold yet", () => {
  const queue = new RefreshQueue({ waitingMax: 2 });
  const add = (fingerprint: string) => queue.add({ fingerprint, detector, sinceMs: 0 });
  expect(["a", "b", "c", "a"].map(add)).toEqual([true, true, false, true]);
});
