import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { SpansTable } from "../../test/support/spans-table.ts";
import { decode } from "./testing/decode-model.ts";
import { attribute, requestOf } from "./testing/otlp-model.ts";

const table = new SpansTable();

afterAll(() => {
  table.close();
});

const evidence = [
  "response_bytes",
  "pool_wait_ns",
  "transaction_id",
  "block_cause",
  "repeat_duration_sum_ns",
  "repeat_duration_union_ns",
  "repeat_distinct_params",
  "response_content_type",
  "response_whole",
  "response_uncompressed",
  "pool_name",
];

const whole = fc.oneof(
  // A wait of milliseconds has to fit when it becomes nanoseconds.
  fc.bigInt({ min: -(2n ** 43n), max: 2n ** 43n }),
  fc.bigInt({ min: 0n, max: 20n }),
);
const value = fc.oneof(
  whole.map((int) => ({ intValue: String(int) })),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((double) => ({ doubleValue: double })),
  fc.boolean().map((bool) => ({ boolValue: bool })),
  fc.string({ unit: "grapheme" }).map((text) => ({ stringValue: text })),
  fc.array(fc.string().map((text) => ({ stringValue: text }))).map((values) => ({
    arrayValue: { values },
  })),
);
const key = fc.constantFrom(
  "http.response.body.size",
  "http.response.size",
  "http.response_content_length",
  "http.response_content_length_uncompressed",
  "culprit.pool.wait_ms",
  "culprit.transaction.id",
  "culprit.event_loop.is_cause",
  "culprit.repeat.duration_sum_ns",
  "culprit.repeat.duration_union_ns",
  "culprit.repeat.distinct_params",
  "http.response.header.content-type",
  "culprit.response.whole",
  "culprit.response.uncompressed",
  "db.client.connection.pool.name",
  "db.client.connections.pool.name",
  "other",
);
const span = fc.array(fc.tuple(key, value), { maxLength: 8 });

it("columns of evidence are what the table computes of the maps, of a block that has no such columns", () => {
  const spans = fc.sample(span, { numRuns: 2_000, seed: 3 });
  const requests = spans.map((attributes, i) =>
    requestOf({
      name: String(i),
      attributes: attributes.map(([name, of]) => attribute(name, of)),
    }),
  );
  // Copied: a block's memory is used again.
  table.insert(requests.map((request) => decode(request).block.slice()));
  const columns = `name, ${evidence.join(", ")}`;
  const written = table.select(`SELECT ${columns} FROM spans ORDER BY name`);

  // As an earlier version left it in the journal.
  const older = table.selectBlocks(`SELECT * EXCEPT (${evidence.join(", ")}) FROM spans`);
  table.run("TRUNCATE TABLE spans");
  table.insert([older]);

  expect(table.select(`SELECT ${columns} FROM spans ORDER BY name`)).toEqual(written);
  for (const column of evidence) {
    expect(new Set(written.map((row) => row[column])).size).toBeGreaterThan(1);
  }
});
