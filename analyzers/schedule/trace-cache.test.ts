import { expect, test } from "vitest";
import { buildTrace } from "../../test/support/trace-builder.ts";
import { TraceCache } from "./trace-cache.ts";

/** A trace of three spans. */
const traceOf = (traceId: string) => ({
  ...buildTrace(["a", 0, 9, ["b", 1, 2], ["c", 3, 4]]),
  traceId,
});

test("what was asked for longest ago goes first when there are too many spans", () => {
  const cache = new TraceCache({ spansMax: 6 });
  cache.add(traceOf("one"));
  cache.add(traceOf("two"));
  expect(cache.get("one")!.size).toBe(3);
  cache.add(traceOf("three"));
  expect(["one", "two", "three"].map((id) => cache.get(id)?.traceId)).toEqual([
    "one",
    undefined,
    "three",
  ]);
});

test("a trace that is added again counts once, and one that is forgotten not at all", () => {
  const cache = new TraceCache({ spansMax: 6 });
  for (let i = 0; i < 3; i++) cache.add(traceOf("one"));
  cache.add(traceOf("two"));
  expect(cache.get("one")).toBeDefined();
  cache.forget("one");
  cache.forget("one");
  cache.add(traceOf("three"));
  expect([cache.get("one"), cache.get("two")?.traceId]).toEqual([undefined, "two"]);
});

test("a trace that is larger than all may be is not kept", () => {
  const cache = new TraceCache({ spansMax: 2 });
  cache.add(traceOf("one"));
  expect(cache.get("one")).toBeUndefined();
});
