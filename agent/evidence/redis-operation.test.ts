import { expect, it } from "vitest";
import { toRedisOperation } from "./redis-operation.ts";

it.each([
  ["get", "GET"],
  ["SInterCard", "SINTERCARD"],
  ["georadiusbymember_ro", "GEORADIUSBYMEMBER_RO"],
  ["ft._list", "FT._LIST"],
  ["JSON.GET", "JSON.GET"],
  ["TDIGEST.TRIMMED_MEAN", "TDIGEST.TRIMMED_MEAN"],
])("%s is %s", (command, operation) => {
  expect(toRedisOperation(command)).toBe(operation);
});

it.each([
  "bob@example.com",
  "BOB.SMITH",
  "FT.4711",
  "JSON.GET x",
  "",
  "constructor",
  "x".repeat(1_000_000),
])("a word that is no command has no name: %.20s", (command) => {
  expect(toRedisOperation(command)).toBe("");
});
