import { expect, it } from "vitest";
import { findCulprit, findTypicalStack, type StackFrame, toStackText } from "./block-stack.ts";

const frame = (functionName: string, url: string): StackFrame => ({
  functionName,
  url,
  lineNumber: 3,
  columnNumber: 7,
});
const hash = frame("pbkdf2Sync", "node:internal/crypto/pbkdf2");
const library = frame("hash", "file:///srv/node_modules/bcryptish/index.js");
const handler = frame("login", "file:///srv/app/login.js");

it("the culprit is the application's frame, under those of packages and of Node", () => {
  expect(findCulprit([hash, library, handler])).toBe(handler);
});

it("the culprit is a package's frame where the application has none", () => {
  expect(findCulprit([hash, library])).toBe(library);
});

it("there is no culprit among what is in no file", () => {
  expect(findCulprit([hash, frame("$llhttp_execute", "wasm://wasm/0003c0e6")])).toBeUndefined();
});

it("a stack reads as V8 writes it, and names no source but files", () => {
  const evaluated = frame("", "https://user:secret@example.com/x.js");
  expect(toStackText([handler, evaluated])).toBe(
    "    at login (/srv/app/login.js:3:7)\n    at <anonymous> ((other):3:7)",
  );
});

it("of several stacks the culprit that was seen most often counts", () => {
  const seldom = { frames: [frame("parse", "file:///srv/app/parse.js")] };
  const often = { frames: [handler] };
  expect(findTypicalStack([seldom, often, { frames: [hash, handler] }])).toBe(often);
  expect(findTypicalStack([])).toBeUndefined();
});
