import type { IncomingHttpHeaders } from "node:http";
import type { Span } from "@opentelemetry/api";
import { describe, expect, it, test } from "vitest";
import { tellLargeResponse } from "./large-response.ts";

interface Case {
  readonly sent?: Readonly<Record<string, string>>;
  readonly asked?: IncomingHttpHeaders;
  readonly statusCode?: number;
  readonly isWhole?: boolean;
}

const json = { "content-type": "application/json; charset=utf-8" };
const browser = { "accept-encoding": "gzip, deflate, br, zstd" };

function tell({ sent = json, asked = browser, statusCode = 200, isWhole = false }: Case) {
  const attributes: Record<string, unknown> = {};
  const span = {
    setAttribute: (name: string, value: unknown) => {
      attributes[name] = value;
    },
  } as unknown as Span;
  tellLargeResponse(span, { statusCode, headerOf: (name) => sent[name], asked, isWhole });
  return attributes;
}

const isUncompressed = (given: Case) => tell(given)["culprit.response.uncompressed"] ?? false;

test("media type, coding, and that it was given at once", () => {
  expect(tell({ isWhole: true })).toEqual({
    "http.response.header.content-type": ["application/json"],
    "culprit.response.whole": true,
    "culprit.response.uncompressed": true,
  });
  expect(tell({ sent: { "content-type": "Text/HTML", "content-encoding": "gzip" } })).toEqual({
    "http.response.header.content-type": ["text/html"],
    "http.response.header.content-encoding": ["gzip"],
  });
  expect(tell({ sent: {}, asked: {} })).toEqual({});
});

describe("is not said to be uncompressed", () => {
  it.each<[string, Case]>([
    ["for a client that takes nothing else", { asked: {} }],
    ["for one that wants it as it is", { asked: { "accept-encoding": "identity" } }],
    ["for one that refuses gzip", { asked: { "accept-encoding": "gzip;q=0, *;q=0" } }],
    ["when it is compressed", { sent: { ...json, "content-encoding": "br" } }],
    ["when it must not be changed", { sent: { ...json, "cache-control": "no-transform" } }],
    ["as a part of a file", { statusCode: 206 }],
    ["behind a proxy that names the client", { asked: { ...browser, "x-forwarded-for": "::1" } }],
    ["behind a proxy that names itself", { asked: { ...browser, via: "1.1 front" } }],
  ])("%s", (_title, given) => {
    expect(isUncompressed(given)).toBe(false);
  });
});

test("a coding of several is enough", () => {
  expect(isUncompressed({ asked: { "accept-encoding": "br;q=0, gzip;q=0.5" } })).toBe(true);
  expect(isUncompressed({ asked: { "accept-encoding": "zstd" } })).toBe(true);
});

describe("what is no name of a format stays where it is", () => {
  it.each(["", "secret", "a b/c", `x/${"y".repeat(200)}`, "application/json'; DROP", "a/b c"])(
    "a type of %j",
    (type) => {
      expect(tell({ sent: { "content-type": type } })).not.toHaveProperty([
        "http.response.header.content-type",
      ]);
    },
  );

  it.each(["", "gzip; secret=1", `x${"y".repeat(200)}`])("a coding of %j", (coding) => {
    expect(tell({ sent: { "content-encoding": coding } })).not.toHaveProperty([
      "http.response.header.content-encoding",
    ]);
  });

  it("and so do all other headers", () => {
    const sent = { ...json, "set-cookie": "id=7", "content-disposition": "inline; filename=me" };
    expect(JSON.stringify(tell({ sent }))).not.toMatch(/id=7|filename/);
  });
});
