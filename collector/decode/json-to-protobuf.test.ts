import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { jsonValuesMax } from "./decode-limits.ts";
import { decodeOtlp } from "./decode-otlp.ts";
import { codeOf, context, decode, decodeJson } from "./testing/decode-model.ts";
import { attribute, nested, requestOf } from "./testing/otlp-model.ts";

const example = readFileSync(new URL("../../test/fixtures/otlp/trace.json", import.meta.url));
const exampleMs = 1_544_712_660_000;
const then = { ...context, acceptFromMs: exampleMs, acceptToMs: exampleMs + 1_000 };

it("accepts the specification's example, ids in either case", () => {
  const { block, rows } = decodeOtlp("traces", example, "json", then);
  expect(rows).toBe(1);
  expect(Buffer.from(block).includes(Buffer.from("5b8efff798038103d269b633813fc60c", "hex"))).toBe(
    true,
  );
  const lower = example
    .toString()
    .replace("5B8EFFF798038103D269B633813FC60C", (id) => id.toLowerCase());
  expect(decodeOtlp("traces", Buffer.from(lower), "json", then).block).toEqual(block);
});

it("ignores fields that it doesn't know, names in snake case among them", () => {
  const request = requestOf({});
  const span = {
    ...request.resourceSpans[0]!.scopeSpans[0]!.spans[0]!,
    new_field: [1],
    trace_state: "x",
  };
  const json = JSON.stringify({
    resourceSpans: [{ ...request.resourceSpans[0]!, scopeSpans: [{ spans: [span] }] }],
  });
  expect(decodeJson(json).block).toEqual(decode(request).block);
});

it("reads 64-bit integers exactly, as strings and as numbers", () => {
  const request = requestOf({
    attributes: [attribute("n", { intValue: "-9223372036854775807" })],
  });
  const quoted = JSON.stringify(request);
  const bare = quoted.replace('"-9223372036854775807"', "-9223372036854775807");
  expect(bare).not.toBe(quoted);
  expect(decodeJson(bare).block).toEqual(decode(request).block);
  const bareTime = quoted.replace(/"(\d{19})"/g, "$1");
  expect(decodeJson(bareTime).block).toEqual(decode(request).block);
});

it("keeps keys that mean something to JavaScript as data", () => {
  const json = JSON.stringify(requestOf({ attributes: [attribute("__proto__", "x")] }));
  expect(
    decodeJson(json.replace('"key":"__proto__"', '"__proto__":{"polluted":1},"key":"__proto__"'))
      .rows,
  ).toBe(1);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

it.each([
  ["no JSON", "{"],
  ["invalid UTF-8", Buffer.from([0x22, 0xff, 0x22])],
  ["a list in place of the request", "[]"],
  ["an enum's name", spanJson('"kind":"SPAN_KIND_CLIENT"')],
  ["a fraction for an integer", spanJson('"attributes":[{"key":"a","value":{"intValue":1.5}}]')],
  [
    "an integer of more than 64 bits",
    spanJson('"attributes":[{"key":"a","value":{"intValue":9223372036854775808}}]'),
  ],
  [
    "a number beyond a double for an integer",
    spanJson('"attributes":[{"key":"a","value":{"intValue":1e400}}]'),
  ],
  ["a text for a list", spanJson('"attributes":"none"')],
  ["a name that is no text", spanJson('"name":7')],
  ["what is no base64", spanJson('"attributes":[{"key":"a","value":{"bytesValue":"<>"}}]')],
])("refuses %s", (_, json) => {
  expect(codeOf(() => decodeOtlp("traces", Buffer.from(json), "json", context))).toBe(
    "INVALID_JSON",
  );
});

it("survives deep nesting, in fields that it knows and in others", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  expect(codeOf(() => decodeJson(`{"unknown":${deep}}`))).toBe("decoded");
  expect(codeOf(() => decodeJson(`{"unknown":${deep},"n":12345678901234567890}`))).toBe(
    "NESTING_TOO_DEEP",
  );
  expect(
    codeOf(() =>
      decodeJson(JSON.stringify(requestOf({ attributes: [attribute("a", nested(33))] }))),
    ),
  ).toBe("NESTING_TOO_DEEP");
});

it("refuses more values than it may hold, and counts none in texts", () => {
  const of = (count: number) => `{"unknown":[${"0,".repeat(count - 2)}0]}`;
  expect(codeOf(() => decodeJson(of(jsonValuesMax)))).toBe("decoded");
  expect(codeOf(() => decodeJson(of(jsonValuesMax + 1)))).toBe("TOO_MANY_VALUES");
  const text = JSON.stringify({ unknown: `\\"${'[{,\\\\"'.repeat(jsonValuesMax / 4)}` });
  expect(codeOf(() => decodeJson(text))).toBe("decoded");
});

function spanJson(field: string): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[{${field}}]}]}]}`;
}
