import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { decodeOtlp } from "./decode-otlp.ts";
import { codeOf, context } from "./testing/decode-model.ts";
import { type Envelope, envelopeOf, toJsonEnvelope } from "./testing/envelope.ts";
import {
  encodeLogs,
  logRowsQuery,
  logsArbitrary,
  type OtlpLogRecord,
  toLogRows,
} from "./testing/log-model.ts";
import { attribute, nested, testTimeMs } from "./testing/otlp-model.ts";

const now = `${testTimeMs}000001`;

const decode = (envelope: Envelope<OtlpLogRecord>) =>
  decodeOtlp("logs", encodeLogs(envelope), "protobuf", context);

const toJson = (envelope: Envelope<OtlpLogRecord>) =>
  Buffer.from(toJsonEnvelope(envelope, "Logs", "logRecords"));

describe("log records", () => {
  it("give equal blocks in both encodings", () => {
    fc.assert(
      fc.property(logsArbitrary, (logs) => {
        const fromProtobuf = decode(logs);
        const fromJson = decodeOtlp("logs", toJson(logs), "json", context);
        expect(Buffer.compare(fromProtobuf.block, fromJson.block)).toBe(0);
        expect({ ...fromJson, block: 0 }).toEqual({ ...fromProtobuf, block: 0 });
      }),
    );
  });

  it("cut at any byte are an error, or the records before the cut", () => {
    const logs = fc.sample(logsArbitrary, { numRuns: 3, seed: 4 }).flat();
    const whole = encodeLogs([...logs, ...envelopeOf({ timeUnixNano: now })]);
    const { rows } = decodeOtlp("logs", whole, "protobuf", context);
    const codes = new Map<string, number>();
    for (let end = 0; end < whole.length; end++) {
      const code = codeOf(() => {
        const part = decodeOtlp("logs", whole.subarray(0, end), "protobuf", context);
        expect(part.rows).toBeLessThan(rows);
      });
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].sort()).toEqual(["TRUNCATED_PROTOBUF", "decoded"]);
    expect(codes.get("decoded")).toBeLessThan(12);
  });

  it("with any bytes changed are an error of ours or a block", () => {
    const whole = encodeLogs(fc.sample(logsArbitrary, { numRuns: 4, seed: 5 }).flat());
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const changed = Buffer.from(whole);
        for (const [at, byte] of changes) changed[at] = byte;
        expect(codeOf(() => decodeOtlp("logs", changed, "protobuf", context))).toMatch(/^\w+$/);
      }),
      { numRuns: 500 },
    );
  });

  it("outside the time window are rejected and counted, and others stay", () => {
    const { block, ...counts } = decode(
      envelopeOf<OtlpLogRecord>({ timeUnixNano: "1" }, { timeUnixNano: now }),
    );
    expect(counts).toMatchObject({
      rows: 1,
      rejected: 1,
      rejectedReasons: { outside_time_window: 1 },
    });
    expect(block).toEqual(decode(envelopeOf({ timeUnixNano: now })).block);
  });

  it("of a service that the key may not send are rejected and counted", () => {
    const own = envelopeOf<OtlpLogRecord>({ timeUnixNano: now });
    const other = [{ ...own[0]!, resource: [attribute("service.name", "other")] }];
    const services = ["shop"];
    const body = encodeLogs([...other, ...own]);
    const decoded = decodeOtlp("logs", body, "protobuf", { ...context, services });
    expect(decoded).toMatchObject({ rows: 1, rejectedReasons: { service_not_allowed: 1 } });
    expect(decoded.block).toEqual(decode(own).block);
  });

  it("with an id of another length belong to no trace, which is counted", () => {
    const record = { timeUnixNano: now, traceId: "0102", spanId: "01".repeat(9) };
    const { block, losses } = decode(envelopeOf(record));
    expect(losses.droppedIds).toBe(2);
    expect(block).toEqual(decode(envelopeOf({ timeUnixNano: now })).block);
  });

  it("whose body is nested too deep are refused", () => {
    const bodyOf = (levels: number) =>
      encodeLogs(envelopeOf({ timeUnixNano: now, body: nested(levels) }));
    const codeAt = (levels: number) =>
      codeOf(() => decodeOtlp("logs", bodyOf(levels), "protobuf", context));
    expect([codeAt(32), codeAt(33)]).toEqual(["decoded", "NESTING_TOO_DEEP"]);
  });
});

describe("in the store", () => {
  let stored: TestStore;
  beforeAll(async () => {
    stored = await openTestStore();
  });
  afterAll(() => stored.close());

  it("every record comes back as it was sent, attributes with their type", async () => {
    const logs = fc.sample(logsArbitrary, { numRuns: 100, seed: 8 }).flat();
    await stored.insertOtlp("logs", encodeLogs(logs), "protobuf", context);
    const rows = await stored.store.select<object>(logRowsQuery, {});
    const inOrder = (list: readonly object[]) => list.map((row) => JSON.stringify(row)).sort();
    expect(rows.length).toBeGreaterThan(100);
    expect(inOrder(rows)).toEqual(inOrder(toLogRows(logs)));
  });

  it.each([
    ["logs.json", "Example log record", "", "Information", "5b8efff798038103d269b633813fc60c"],
    [
      "events.json",
      "",
      '{"kvlistValue":{"values":[{"key":"type","value":{"intValue":"0"}},{"key":"url","value":{"stringValue":"https://www.guidgenerator.com/online-guid-generator.aspx"}},{"key":"referrer","value":{"stringValue":"https://wwww.google.com"}},{"key":"title","value":{"stringValue":"Free Online GUID Generator"}}]}}',
      "test severity text",
      "00".repeat(16),
    ],
  ])("the specification's example %s comes back", async (name, body, json, severity, traceId) => {
    const file = new URL(`../../test/fixtures/otlp/${name}`, import.meta.url);
    const example = readFileSync(file, "utf8").replaceAll("1544712660300000000", now);
    await stored.insertOtlp("logs", Buffer.from(example), "json", context);
    const sql = `SELECT body, body_json AS json, lower(hex(trace_id)) AS traceId, event_name AS eventName,
        mapKeys(attributes) AS strings, attributes_int AS ints, attributes_double AS doubles, attributes_bool AS bools
      FROM logs WHERE severity_text = {severity:String} AND service = 'my.service' ORDER BY ts LIMIT 10`;
    const rows = await stored.store.select({ name, sql }, { severity });
    const isEvent = name === "events.json";
    expect(rows).toEqual([
      {
        body,
        json,
        traceId,
        eventName: isEvent ? "browser.page_view" : "",
        strings: [isEvent ? "event.attribute" : "string.attribute"],
        ints: isEvent ? {} : { "int.attribute": "10" },
        doubles: isEvent ? {} : { "double.attribute": 637.704 },
        bools: isEvent ? {} : { "boolean.attribute": true },
      },
    ]);
  });

  it("a record without times has those of its request, or the time when it was observed", async () => {
    const receivedMs = testTimeMs + 77;
    const logs = envelopeOf<OtlpLogRecord>(
      { eventName: "no time at all" },
      { eventName: "observed", observedTimeUnixNano: now },
    );
    await stored.insertOtlp("logs", encodeLogs(logs), "protobuf", { ...context, receivedMs });
    const sql = `SELECT event_name AS name, toString(toUnixTimestamp64Nano(ts)) AS time, ts = observed_ts AS isObserved
      FROM logs WHERE event_name IN ('no time at all', 'observed') ORDER BY name LIMIT 10`;
    expect(await stored.store.select({ name: "times", sql }, {})).toEqual([
      { name: "no time at all", time: `${receivedMs}000000`, isObserved: 1 },
      { name: "observed", time: now, isObserved: 1 },
    ]);
  });

  it("a resource is kept by its id, as that of a span", async () => {
    const sql = `SELECT attributes FROM resources FINAL
      WHERE resource_id IN (SELECT resource_id FROM logs WHERE event_name = 'observed') ORDER BY seen LIMIT 2`;
    expect(await stored.store.select({ name: "resource", sql }, {})).toEqual([
      { attributes: { "service.name": "shop" } },
    ]);
  });
});
