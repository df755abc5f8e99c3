import type { AttributeValue, Span } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { CapturedHeaders } from "./captured-headers.ts";

function capture(names: readonly string[], headers: Record<string, string | string[]>) {
  const attributes: Record<string, AttributeValue> = {};
  const span = {
    setAttribute(name: string, value: AttributeValue) {
      attributes[name] = value;
    },
  };
  new CapturedHeaders(names).addTo(span as unknown as Span, headers);
  return attributes;
}

test("a header that is asked for is a list of texts, any other is nowhere", () => {
  const headers = { "x-tenant": "a", accept: "text/html", "x-list": ["1", "2"] };
  expect(capture(["X-Tenant", "x-list", "x-none"], headers)).toEqual({
    "http.request.header.x-tenant": ["a"],
    "http.request.header.x-list": ["1", "2"],
  });
  expect(capture([], headers)).toEqual({});
});

test("what carries a secret by its name leaves without it, even if it is asked for", () => {
  const names = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x-apikey",
    "x-auth",
    "x-csrf-token",
    "x-session-id",
    "x-hub-signature",
    "x-amz-security-token",
    "x-client-secret",
    "x-password",
  ];
  const headers = Object.fromEntries(names.map((name) => [name, "private"]));
  const captured = capture(names, headers);
  expect(Object.keys(captured)).toHaveLength(names.length);
  expect(JSON.stringify(captured)).not.toContain("private");
});

test("of a URL the values of its query are left out, and long values are cut", () => {
  const headers = {
    referer: "https://shop.example/find?q=private&page=2",
    "x-long": "x".repeat(9_999),
  };
  const captured = capture(["referer", "x-long"], headers);
  expect(captured["http.request.header.referer"]).toEqual([
    "https://shop.example/find?q=REDACTED&page=REDACTED",
  ]);
  expect(captured["http.request.header.x-long"]).toEqual(["x".repeat(1_024)]);
});
