import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signals } from "../signal.ts";
import { decodeOtlp } from "./decode-otlp.ts";
import { codeOf, context, decode, decodeJson } from "./testing/decode-model.ts";
import { bytes, encodeOtlp, message, varint } from "./testing/encode-otlp.ts";
import { attribute, requestArbitrary, requestOf, testTimeMs } from "./testing/otlp-model.ts";

describe("both encodings", () => {
  it("give equal blocks for equal spans", () => {
    fc.assert(
      fc.property(requestArbitrary, (request) => {
        const fromProtobuf = decode(request);
        const fromJson = decodeJson(JSON.stringify(request));
        expect(Buffer.compare(fromProtobuf.block, fromJson.block)).toBe(0);
        expect({ ...fromJson, block: 0 }).toEqual({ ...fromProtobuf, block: 0 });
      }),
    );
  });

  it("give a block that doesn't depend on what was decoded before", () => {
    const block = decode(requestOf({ attributes: [attribute("b", "1")] })).block;
    decode(requestOf({ attributes: [attribute("a", "1"), attribute("b", "2")] }));
    expect(decode(requestOf({ attributes: [attribute("b", "1")] })).block).toEqual(block);
  });
});

const whole = encodeOtlp({
  resourceSpans: [
    ...fc
      .sample(requestArbitrary, { numRuns: 2, seed: 12 })
      .flatMap((request) => request.resourceSpans),
    ...requestOf({}).resourceSpans,
  ],
});

describe("protobuf", () => {
  it("cut at any byte is an error, or the requests before the cut", () => {
    const all = decodeOtlp("traces", whole, "protobuf", context).rows;
    const codes: string[] = [];
    let rowsMax = 0;
    for (let end = 0; end < whole.length; end++) {
      const code = codeOf(() => {
        const { rows } = decodeOtlp("traces", whole.subarray(0, end), "protobuf", context);
        rowsMax = Math.max(rowsMax, rows);
      });
      codes.push(code);
    }
    const whereItIsWhole = codes.filter((code) => code === "decoded").length;
    expect(new Set(codes)).toEqual(new Set(["decoded", "TRUNCATED_PROTOBUF"]));
    expect(whereItIsWhole).toBeLessThan(12);
    expect(rowsMax).toBeLessThan(all);
  });

  it("with any bytes changed is an error of ours or a block", () => {
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const changed = Buffer.from(whole);
        for (const [at, byte] of changes) changed[at] = byte;
        expect(codeOf(() => decodeOtlp("traces", changed, "protobuf", context))).toMatch(
          /^[a-zA-Z_]+$/,
        );
      }),
      { numRuns: 500 },
    );
  });

  it("of random bytes is an error of ours or a block", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        codeOf(() => decodeOtlp("traces", body, "protobuf", context));
      }),
    );
  });

  it("skips fields that it doesn't know, of each wire type", () => {
    const request = requestOf({});
    const unknownFields = [
      varint(1_000, 5n),
      bytes(1_001, Buffer.from("x")),
      Buffer.from([0x99, 0x3f, 1, 2, 3, 4, 5, 6, 7, 8]),
      Buffer.from([0x9d, 0x3f, 1, 2, 3, 4]),
    ];
    const body = Buffer.concat([...unknownFields, encodeOtlp(request)]);
    expect(decodeOtlp("traces", body, "protobuf", context).block).toEqual(decode(request).block);
  });

  it("may give the resource after what it applies to", () => {
    const request = requestOf({});
    const { resource, scopeSpans } = request.resourceSpans[0]!;
    const spansOnly = encodeOtlp({ resourceSpans: [{ scopeSpans }] });
    const resourceOnly = encodeOtlp({ resourceSpans: [{ resource: resource!, scopeSpans: [] }] });
    const reversed = message(1, [content(spansOnly), content(resourceOnly)]);
    expect(decodeOtlp("traces", reversed, "protobuf", context).block).toEqual(
      decode(request).block,
    );
  });

  it.each([
    ["a group", Buffer.from([0x0b, 0x0c]), "INVALID_PROTOBUF"],
    ["field number 0", Buffer.from([0x02, 0x00]), "INVALID_PROTOBUF"],
    [
      "a varint of eleven bytes",
      Buffer.from([0x10, ...Array(10).fill(0x80), 1]),
      "INVALID_PROTOBUF",
    ],
    ["a length of 2^63", Buffer.from([0x0a, ...Array(9).fill(0xff), 1]), "TRUNCATED_PROTOBUF"],
    ["a length over the body", Buffer.from([0x0a, 0x05, 0x0a]), "TRUNCATED_PROTOBUF"],
  ])("refuses %s", (_, body, code) => {
    expect(codeOf(() => decodeOtlp("traces", body, "protobuf", context))).toBe(code);
  });

  it("stores text that is no UTF-8 as replacement characters", () => {
    const marker = "marker-of-the-name";
    const body = encodeOtlp(requestOf({ name: marker }));
    body[body.indexOf(marker)] = 0xff;
    const { block } = decodeOtlp("traces", body, "protobuf", context);
    expect(Buffer.from(block).includes("\u{fffd}arker-of-the-name")).toBe(true);
  });

  /** The content of a body's one field. */
  function content(body: Buffer): Buffer {
    const lengthBytes = body[1]! < 128 ? 1 : 2;
    return body.subarray(1 + lengthBytes);
  }
});

it("protobuf keeps keys and values of any length, of each row", () => {
  const lengths = [0, 1, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 250, 300];
  const text = (length: number, letter: string) => letter.repeat(length);
  const rowOf = (length: number) => [
    attribute(`a${text(length, "k")}`, text(length, "v")),
    attribute("b", text(300 - length, "w")),
  ];
  const [span] = requestOf({}).resourceSpans[0]!.scopeSpans[0]!.spans;
  const rows = lengths.map((length) => ({
    ...span!,
    attributes: rowOf(length),
  }));
  const request = { resourceSpans: [{ scopeSpans: [{ spans: rows }] }] };
  const block = Buffer.from(decode(request).block);
  const stringOf = (value: string) => {
    const { length } = value;
    const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
    return Buffer.concat([Buffer.from(size), Buffer.from(value)]);
  };
  for (const { attributes } of rows) {
    expect(block.includes(stringOf(attributes[0]!.key))).toBe(true);
  }
  const values = lengths.flatMap((length) => [
    stringOf(text(length, "v")),
    stringOf(text(300 - length, "w")),
  ]);
  expect(block.includes(Buffer.concat(values))).toBe(true);
});

describe("what exporters of OTLP 0.15 call instrumentation libraries are scopes", () => {
  const scope = { name: "http", version: "1", attributes: [] };
  const request = {
    resourceSpans: requestOf({}).resourceSpans.map(({ scopeSpans, ...rest }) => ({
      ...rest,
      scopeSpans: scopeSpans.map(({ spans }) => ({ scope, spans })),
    })),
  };
  const old = encodeOtlp(request, 1000);

  it("in protobuf", () => {
    const decoded = decodeOtlp("traces", old, "protobuf", context);
    expect(decoded).toEqual(decode(request));
    expect(decoded.rows).toBe(1);
  });

  it.each(signals)("in JSON of %s", (signal) => {
    const name = signal === "traces" ? "trace" : signal;
    const example = readFileSync(
      new URL(`../../test/fixtures/otlp/${name}.json`, import.meta.url),
      "utf8",
    );
    const older = example
      .replaceAll(/"scope(Spans|Metrics|Logs)"/g, '"instrumentationLibrary$1"')
      .replaceAll('"scope"', '"instrumentationLibrary"');
    const always = { ...context, acceptFromMs: 0 };
    const read = (json: string) => decodeOtlp(signal, Buffer.from(json), "json", always);
    expect(older).not.toBe(example);
    expect(read(older)).toEqual(read(example));
    expect(read(older).rows).toBeGreaterThan(0);
  });

  it("and are not read where there are scopes: they say the same", () => {
    // Of below 128 bytes: the tag and the length are a byte each.
    const contents = [encodeOtlp(request), old].map((body) => body.subarray(2));
    const both = decodeOtlp("traces", message(1, contents), "protobuf", context);
    expect(both).toEqual(decode(request));
    const inJson = JSON.stringify({
      resourceSpans: request.resourceSpans.map((spans) => ({
        ...spans,
        instrumentationLibrarySpans: spans.scopeSpans,
      })),
    });
    expect(decodeJson(inJson)).toEqual(decode(request));
  });
});

describe("a span is rejected and counted", () => {
  const late = testTimeMs + 1_000_001;
  it.each([
    [
      "outside_time_window",
      { startTimeUnixNano: `${late}000000`, endTimeUnixNano: `${late}000000` },
    ],
    ["outside_time_window", { startTimeUnixNano: "0" }],
    ["outside_time_window", { endTimeUnixNano: `${late}000000` }],
    ["outside_time_window", { endTimeUnixNano: String(2n ** 64n - 1n) }],
    ["negative_duration", { endTimeUnixNano: `${testTimeMs}000000` }],
    ["invalid_trace_id", { traceId: "00".repeat(16) }],
    ["invalid_trace_id", { traceId: "01".repeat(15) }],
    ["invalid_span_id", { spanId: "" }],
    ["invalid_parent_span_id", { parentSpanId: "01" }],
  ])("%s: %j", (reason, span) => {
    const request = requestOf(span);
    const good = requestOf({});
    const both = { resourceSpans: [...request.resourceSpans, ...good.resourceSpans] };
    const { block, ...counts } = decode(both);
    expect(counts).toMatchObject({ rows: 1, rejected: 1, rejectedReasons: { [reason]: 1 } });
    expect(block).toEqual(decode(good).block);
    expect(decode(request).block).toHaveLength(0);
  });

  it("an id in JSON that is no hex is invalid", () => {
    const json = JSON.stringify(requestOf({ traceId: "not hexadecimal" }));
    expect(decodeJson(json).rejectedReasons).toEqual({ invalid_trace_id: 1 });
  });
});

describe("a request that may hold some services only", () => {
  const named = (service?: string) =>
    requestOf({}, service === undefined ? [] : [attribute("service.name", service)]).resourceSpans;

  it("loses the spans of the others, counted by reason", () => {
    const resourceSpans = ["shop", "cart", "Shop", "shop "].flatMap(named);
    const only = decodeOtlp("traces", encodeOtlp({ resourceSpans }), "protobuf", {
      ...context,
      services: ["shop"],
    });
    expect(only).toMatchObject({
      rows: 1,
      rejected: 3,
      rejectedReasons: { service_not_allowed: 3 },
    });
    expect(only.block).toEqual(
      decodeOtlp("traces", encodeOtlp({ resourceSpans: named("shop") }), "protobuf", context).block,
    );
  });

  it("knows spans without a service by the name that they are stored under", () => {
    const body = encodeOtlp({ resourceSpans: named() });
    const rowsOf = (services: readonly string[]) =>
      decodeOtlp("traces", body, "protobuf", { ...context, services }).rows;
    expect([rowsOf(["unknown_service"]), rowsOf(["shop"])]).toEqual([1, 0]);
  });

  it("asks nothing of the next request", () => {
    const body = encodeOtlp({ resourceSpans: named("cart") });
    expect(decodeOtlp("traces", body, "protobuf", { ...context, services: ["shop"] }).rows).toBe(0);
    expect(decodeOtlp("traces", body, "protobuf", context).rows).toBe(1);
  });
});
