import { expect, test } from "vitest";
import {
  buildTrace,
  inSequence,
  perNamespace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { isPerNamespace } from "./per-namespace.ts";

const isPer = (...children: SpanNode[]) => {
  const trace = buildTrace(["GET /a", 0, 100, ...children]);
  const spans = trace.name.flatMap((name, i) => (name === query.name ? [i] : []));
  return isPerNamespace(trace, spans, 3);
};
const onServers = (...servers: readonly string[]) =>
  servers.map((serverAddress, i): SpanNode => [{ ...query, serverAddress }, i * 10, i * 10 + 9]);
/** A choice before each of four queries. */
const choosing = (choiceOf: (i: number) => Partial<SpanFields>) =>
  [0, 1, 2, 3].flatMap((i): SpanNode[] => [
    [{ ...query, name: "choice", shapeId: "9", ...choiceOf(i) }, 20 * i, 20 * i + 5],
    [query, 20 * i + 6, 20 * i + 12],
  ]);

test("calls are per namespace when none of several namespaces sees enough of them", () => {
  expect(isPer(...inSequence(query, 9, 5))).toBe(false);
  expect(isPer(...perNamespace(query, 9, 5))).toBe(true);
  expect(isPer(...perNamespace(query, 9, 5), ...inSequence(query, 3, 5))).toBe(false);
});

test("as many servers as that are shards; two may be a primary and its replica", () => {
  expect(isPer(...onServers("a", "b", "c", "d"))).toBe(true);
  expect(isPer(...onServers("a", "b", "c", "a", "a"))).toBe(false);
  expect(isPer(...onServers("a", "b", "a", "b"))).toBe(false);
});

test.each([
  ["set search_path to tenant"],
  ["use tenant"],
  ["set local app.tenant = $0"],
  ["set role tenant"],
  ["select set_config($1, $2, true)"],
])("%s chooses a place, when it is another one each time", (dbQueryText) => {
  expect(isPer(...choosing((i) => ({ dbQueryText, paramsHash: `${i}` })))).toBe(true);
  expect(isPer(...choosing(() => ({ dbQueryText, paramsHash: "7" })))).toBe(false);
  expect(isPer(...choosing(() => ({ dbQueryText, paramsHash: "0" }))), "unknown").toBe(false);
});

test("other settings choose none", () => {
  for (const dbQueryText of [
    "set statement_timeout to $0",
    "set names utf8",
    "update a set b = $1",
  ]) {
    expect(isPer(...choosing((i) => ({ dbQueryText, paramsHash: `${i}` })))).toBe(false);
  }
});
