import { expect, it } from "vitest";
import { documentsOf, writeErrorOf } from "./mongodb-reply.ts";

it("counts documents of a plain reply, as older drivers have it", () => {
  expect(documentsOf("find", { ok: 1, cursor: { firstBatch: [{}, {}] } })).toBe(2);
  expect(documentsOf("getMore", { ok: 1, cursor: { nextBatch: [{}] } })).toBe(1);
  expect(documentsOf("update", { ok: 1, n: 3, nModified: 2 })).toBe(3);
  expect(documentsOf("distinct", { ok: 1, values: ["a", "b"] })).toBe(2);
  expect(documentsOf("findAndModify", { ok: 1, value: null })).toBe(0);
  expect(documentsOf("findAndModify", { ok: 1, value: { _id: 1 } })).toBe(1);
});

it("knows none of a count, of a command without documents, and of no reply", () => {
  expect(documentsOf("count", { ok: 1, n: 9 })).toBeUndefined();
  expect(documentsOf("ping", { ok: 1 })).toBeUndefined();
  expect(documentsOf("find", undefined)).toBeUndefined();
});

it("finds the first error of writes in a command that succeeded", () => {
  const error = { index: 0, code: 11_000, errmsg: "duplicate" };
  expect(writeErrorOf({ ok: 1, n: 0, writeErrors: [error] })).toBe(error);
  expect(writeErrorOf({ ok: 1, n: 1, writeErrors: [] })).toBeUndefined();
  expect(writeErrorOf({ ok: 1, n: 1 })).toBeUndefined();
});
