import { expect, it } from "vitest";
import { codeOf, decode } from "./testing/decode-model.ts";
import { attribute, nested, type OtlpRequest, requestOf } from "./testing/otlp-model.ts";

const spans = (count: number): OtlpRequest => {
  const { resourceSpans } = requestOf({});
  const span = resourceSpans[0]!.scopeSpans[0]!.spans[0]!;
  return { resourceSpans: [{ scopeSpans: [{ spans: Array(count).fill(span) }] }] };
};

it("limits refuse a request with too many spans, or too large a block", () => {
  expect(decode(spans(10), { rowsMax: 10 }).rows).toBe(10);
  expect(codeOf(() => decode(spans(11), { rowsMax: 10 }))).toBe("TOO_MANY_ROWS");
  expect(codeOf(() => decode(spans(1_000), { blockBytesMax: 10_000 }))).toBe("BLOCK_TOO_LARGE");
});

it("limits refuse values nested too deep", () => {
  expect(decode(requestOf({ attributes: [attribute("a", nested(32))] })).rows).toBe(1);
  expect(codeOf(() => decode(requestOf({ attributes: [attribute("a", nested(33))] })))).toBe(
    "NESTING_TOO_DEEP",
  );
  expect(codeOf(() => decode(requestOf({ attributes: [attribute("a", nested(1_000))] })))).toBe(
    "NESTING_TOO_DEEP",
  );
});

it("limits cut long values between characters, and count them", () => {
  const { block, losses } = decode(requestOf({ attributes: [attribute("a", "xxé")] }), {
    valueBytesMax: 3,
  });
  // The span's name and the service are over three bytes as well; the service is there twice.
  expect(losses.truncatedValues).toBe(4);
  expect(Buffer.from(block).includes(Buffer.from([2, 0x78, 0x78]))).toBe(true);
  expect(Buffer.from(block).includes(Buffer.from([0x78, 0x78, 0xc3]))).toBe(false);
});

it("limits cut what rows have of their resource, and count it in each", () => {
  const { losses } = decode(spans(10), { valueBytesMax: 3 });
  // The name of each, and the service that they have not.
  expect(losses.truncatedValues).toBe(10);
  const [first] = requestOf({}).resourceSpans;
  const [span] = first!.scopeSpans[0]!.spans;
  const request = { resourceSpans: [{ ...first!, scopeSpans: [{ spans: Array(10).fill(span) }] }] };
  const one = decode(requestOf({}), { valueBytesMax: 3 }).losses.truncatedValues;
  // The attribute of the resource is stored once.
  expect(decode(request, { valueBytesMax: 3 }).losses.truncatedValues).toBe(10 * (one - 1) + 1);
});

it("limits drop attributes, events and links, and count them", () => {
  const event = { timeUnixNano: "1", name: "e", attributes: [] };
  const link = {
    traceId: "01".repeat(16),
    spanId: "02".repeat(8),
    traceState: "",
    attributes: [],
  };
  const request = requestOf({
    attributes: [
      attribute("a", "1"),
      attribute("a", "2"),
      attribute("b", "3"),
      attribute("c", "4"),
    ],
    events: [event, event, event],
    links: [link, { ...link, spanId: "02" }, link],
  });
  const limits = { attributesMax: 3, eventsMax: 1, linksMax: 2 };
  expect(decode(request, limits).losses).toMatchObject({
    droppedAttributes: 2,
    droppedEvents: 2,
    droppedLinks: 2,
  });
  const longKey = requestOf({ attributes: [attribute("k".repeat(9), "1")] }, []);
  expect(decode(longKey, { keyBytesMax: 8 }).losses.droppedAttributes).toBe(1);
});

it("limits bound the keys of a request, and forget them after it", () => {
  const keysOf = (prefix: string) =>
    Array.from({ length: 20 }, (_, i) => {
      const attributes = Array.from({ length: 1_000 }, (_, j) =>
        attribute(`${prefix}.${i}.${j}`, ""),
      );
      return requestOf({ attributes }).resourceSpans[0]!;
    });
  const first = decode({ resourceSpans: keysOf("a") }).losses.cardinality;
  expect(first).toBeGreaterThan(3_000);
  expect(first).toBeLessThan(8_000);
  expect(decode(requestOf({ attributes: [attribute("new", "1")] })).losses.cardinality).toBe(0);
  expect(decode(requestOf({ attributes: [attribute("http.route", "/marker")] })).rows).toBe(1);
});
