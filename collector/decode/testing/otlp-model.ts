import fc from "fast-check";

/** An ExportTraceServiceRequest as plain data, in the words of OTLP/JSON; ids in hex. For tests. */
export interface OtlpRequest {
  readonly resourceSpans: readonly OtlpResourceSpans[];
}

interface OtlpResourceSpans {
  readonly resource?: { readonly attributes: readonly OtlpAttribute[] };
  readonly scopeSpans: readonly {
    readonly scope?: {
      readonly name: string;
      readonly version: string;
      readonly attributes: readonly OtlpAttribute[];
    };
    readonly spans: readonly OtlpSpan[];
  }[];
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly OtlpAttribute[];
  readonly droppedAttributesCount?: number;
  readonly events?: readonly OtlpEvent[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly OtlpLink[];
  readonly droppedLinksCount?: number;
  readonly status?: { readonly message?: string; readonly code?: number };
  readonly flags?: number;
}

interface OtlpEvent {
  readonly timeUnixNano: string;
  readonly name: string;
  readonly attributes: readonly OtlpAttribute[];
}

interface OtlpLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: readonly OtlpAttribute[];
}

export interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

export type OtlpValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number | "NaN" | "Infinity" | "-Infinity" }
  | { readonly bytesValue: string }
  | { readonly arrayValue: { readonly values: readonly OtlpValue[] } }
  | { readonly kvlistValue: { readonly values: readonly OtlpAttribute[] } }
  | Readonly<Record<string, never>>;

/** When the spans of a test happen, milliseconds since 1970. */
export const testTimeMs = 1_800_000_000_000;

export function attribute(
  key: string,
  value: string | number | boolean | OtlpValue,
): OtlpAttribute {
  if (typeof value === "string") return { key, value: { stringValue: value } };
  if (typeof value === "number") return { key, value: { intValue: String(value) } };
  if (typeof value === "boolean") return { key, value: { boolValue: value } };
  return { key, value };
}

/** A request of one span, a client's that takes 5 ms. */
export function requestOf(
  span: Partial<OtlpSpan>,
  resource: readonly OtlpAttribute[] = [attribute("service.name", "shop")],
): OtlpRequest {
  const whole: OtlpSpan = {
    traceId: "0102030405060708090a0b0c0d0e0f10",
    spanId: "1112131415161718",
    name: "call",
    kind: 3,
    startTimeUnixNano: `${testTimeMs}000001`,
    endTimeUnixNano: `${testTimeMs + 5}000001`,
    ...span,
  };
  return {
    resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans: [whole] }] }],
  };
}

export const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .filter((id) => id.some((byte) => byte !== 0))
    .map((id) => Buffer.from(id).toString("hex"));

export const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
);

const scalar: fc.Arbitrary<OtlpValue> = fc.oneof(
  text.map((stringValue) => ({ stringValue })),
  fc.boolean().map((boolValue) => ({ boolValue })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ intValue: `${value}` })),
  fc.double().map((value) => ({
    // JSON.stringify writes -0 as 0.
    doubleValue: Number.isFinite(value) ? value + 0 : (String(value) as "NaN"),
  })),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => ({
    bytesValue: Buffer.from(bytes).toString("base64"),
  })),
  fc.constant({}),
);

const key = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", ""),
  fc.constantFrom("http.route", "http.status_code", "db.query.text", "db.statement", "url.full"),
  fc.constantFrom(
    "db.system.name",
    "db.system",
    "net.peer.name",
    "culprit.repeats",
    "service.name",
  ),
  fc.string({ maxLength: 12 }),
);

export const { value } = fc.letrec<{ value: OtlpValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
    fc
      .array(fc.record({ key, value: tie("value") }), { maxLength: 3 })
      .map((values) => ({ kvlistValue: { values } })),
  ),
}));

export const attributes = fc.array(fc.record({ key, value }), { maxLength: 6 });

const span: fc.Arbitrary<OtlpSpan> = fc
  .record({
    traceId: hex(16),
    spanId: hex(8),
    parentSpanId: fc.oneof(fc.constant(""), hex(8)),
    traceState: fc.constantFrom("", "ot=th:8", "a=1,ot=rv:1;th:c0"),
    name: text,
    kind: fc.integer({ min: 0, max: 7 }),
    // The last ends where the window of tests does.
    offset: fc.bigInt({ min: 0n, max: 9n * 10n ** 11n }),
    duration: fc.bigInt({ min: 0n, max: 10n ** 11n }),
    attributes,
    droppedAttributesCount: fc.integer({ min: 0, max: 3 }),
    droppedEventsCount: fc.integer({ min: 0, max: 3 }),
    droppedLinksCount: fc.integer({ min: 0, max: 3 }),
    events: fc.array(
      fc.record({
        timeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 62n }).map(String),
        name: text,
        attributes,
      }),
      { maxLength: 3 },
    ),
    links: fc.array(fc.record({ traceId: hex(16), spanId: hex(8), traceState: text, attributes }), {
      maxLength: 2,
    }),
    status: fc.record({ message: text, code: fc.integer({ min: 0, max: 3 }) }),
    flags: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  })
  .map(({ offset, duration, ...fields }) => {
    const start = BigInt(testTimeMs) * 1_000_000n + offset;
    return {
      ...fields,
      startTimeUnixNano: `${start}`,
      endTimeUnixNano: `${start + duration}`,
    };
  });

/** Requests of every shape that OTLP allows, with ids and times that are accepted. */
export const requestArbitrary: fc.Arbitrary<OtlpRequest> = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes }),
      scopeSpans: fc.array(
        fc.record({
          scope: fc.record({ name: text, version: text, attributes }),
          spans: fc.array(span, { maxLength: 4 }),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 3 },
  ),
});

/** A list in a list, `levels` of them. */
export function nested(levels: number): OtlpValue {
  let value: OtlpValue = { stringValue: "x" };
  for (let i = 0; i < levels; i++) value = { arrayValue: { values: [value] } };
  return value;
}
