import { sensitiveHeaders } from "node:http2";
import { expect, it } from "vitest";
import { headerOf, isGrpc, withHeaders } from "./http2-headers.ts";

const added = new Map([
  ["traceparent", "ours"],
  ["baggage", "a=b"],
]);

it("adds headers to a copy of an object, and keeps what the application has set", () => {
  const given = { ":path": "/", traceparent: "theirs", [sensitiveHeaders]: ["cookie"] };
  expect(withHeaders(given, added)).toEqual({ ...given, baggage: "a=b" });
  expect(given).not.toHaveProperty("baggage");
});

it("adds headers to a copy of a list", () => {
  const given = [":path", "/", "traceparent", "theirs"];
  expect(withHeaders(given, added)).toEqual([...given, "baggage", "a=b"]);
  expect(given).toHaveLength(4);
});

it("reads a header of an object and of a list by its name alone", () => {
  expect(headerOf({ ":path": "/a" }, ":path")).toBe("/a");
  expect(headerOf([":method", "GET", ":path", "/a"], ":path")).toBe("/a");
  // A value is no name.
  expect(headerOf([":path", ":method", "x-a", "b"], ":method")).toBeUndefined();
  expect(headerOf([], ":path")).toBeUndefined();
});

it("knows gRPC by its content type", () => {
  expect(isGrpc({ "content-type": "application/grpc+proto" })).toBe(true);
  expect(isGrpc(["content-type", "application/json"])).toBe(false);
});
