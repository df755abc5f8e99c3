import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Finding } from "../../analyzers/model/finding.ts";
import type { FindingsResponse } from "../../collector/api/responses.ts";
import { openEmbeddedStore } from "../../storage/embedded/open-embedded-store.ts";
import { startCulpritProcess } from "../support/culprit-process.ts";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { startTracedApp } from "../support/traced-app.ts";
import { until } from "../support/until.ts";

const loop = 5_000;
const slowMs = 100;

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres?.stop());

function startApp(collectorUrl: string, env: Readonly<Record<string, string>> = {}) {
  return startTracedApp("customers.cjs", {
    collectorUrl,
    env: {
      DATABASE_URL: postgres.url(),
      OTEL_SERVICE_NAME: "customers",
      OTEL_BSP_SCHEDULE_DELAY: "60000",
      ...env,
    },
  });
}

const repeatsOf = ({ attributes }: DecodedSpan) => Number(attributes["culprit.repeats"] ?? 1);
const isName = ({ attributes }: DecodedSpan) =>
  String(attributes["db.query.text"]).includes("AS name");
const sum = (numbers: readonly number[]) => numbers.reduce((all, next) => all + next, 0);

/** A call that is slow is sent as it is, and so is the next one, which says where it was made. */
const countWatched = (spans: readonly DecodedSpan[]) =>
  2 * spans.filter(({ startMs, endMs }) => endMs - startMs > slowMs).length;

describe("a loop of 5,000 queries", () => {
  let sink: OtlpSink;
  beforeEach(async () => {
    sink = await startOtlpSink();
    return () => sink.stop();
  });

  test.each([
    ["one after the other", {}],
    ["all at once", { PARALLEL: "1" }],
  ])("%s is sent as a few spans that stand for all of them", async (_, env) => {
    const app = await startApp(sink.url, env);
    expect(await app.get(`/customers/${loop}`)).toBe("5000 customer 5000");
    expect(await app.stop()).toBe("SIGTERM");
    const names = sink.spans.filter(isName);
    expect(sum(names.map(repeatsOf))).toBe(loop);
    expect(
      sum(names.map(({ attributes }) => Number(attributes["db.response.returned_rows"]))),
    ).toBe(loop);
    const server = sink.spans.find(({ kind }) => kind === 2)!;
    expect(server.attributes["culprit.db.calls"]).toBe(loop + 1);
    for (const name of names) {
      expect(name.parentSpanId).toBe(server.spanId);
      expect(name.endMs).toBeLessThanOrEqual(server.endMs + 0.001);
    }
    const summary = names.reduce((most, next) => (repeatsOf(next) > repeatsOf(most) ? next : most));
    const { attributes } = summary;
    const numberOf = (name: string) => Number(attributes[`culprit.repeat.${name}`]);
    const lastedNs = (summary.endMs - summary.startMs) * 1e6;
    expect(numberOf("duration_union_ns")).toBeLessThanOrEqual(lastedNs * 1.001);
    expect(numberOf("duration_sum_ns")).toBeGreaterThanOrEqual(
      numberOf("duration_union_ns") * 0.999,
    );
    expect(numberOf("distinct_params")).toBeGreaterThan(repeatsOf(summary) * 0.95);
    // The first calls keep their own spans, and with them the call site.
    expect(names.some((it) => it.attributes["code.function.name"] === "findName")).toBe(true);
    const watched = countWatched(names);
    expect(names.length - watched).toBeLessThan(40);
    const bytes = sink.bodies.reduce((all, { length }) => all + length, 0);
    expect(bytes).toBeLessThan((40 + watched) * 1_000);
  });
});

test("a loop that saves each row in a transaction of its own keeps ten of them, and counts the others", async () => {
  const sink = await startOtlpSink();
  const app = await startApp(sink.url);
  const response = await fetch(`${app.url}/customers/300`, {
    method: "POST",
    headers: { connection: "close" },
  });
  expect(await response.text()).toBe("saved");
  await app.stop();
  await sink.stop();
  const queries = sink.spans.filter(({ kind }) => kind === 3);
  for (const operation of ["BEGIN", "SELECT", "COMMIT"]) {
    const own = queries.filter(({ attributes }) => attributes["db.operation.name"] === operation);
    expect(sum(own.map(repeatsOf)), operation).toBe(300);
    expect(own.length - countWatched(own), operation).toBeLessThan(40);
  }
  const ids = Map.groupBy(
    queries.filter((it) => repeatsOf(it) === 1),
    ({ attributes }) => attributes["culprit.transaction.id"],
  );
  const whole = [...ids.values()].filter(({ length }) => length === 3);
  expect(whole.length).toBeGreaterThanOrEqual(10);
  for (const summary of queries.filter((it) => repeatsOf(it) > 1)) {
    expect(summary.attributes).not.toHaveProperty("culprit.transaction.id");
  }
});

describe("a loop of 5,000 queries, in culprit", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "culprit-summary-"));
    return () => rm(folder, { recursive: true, force: true });
  });

  test("is a finding of 5,000 calls, and counts as 5,000 calls in what is stored", async () => {
    const culprit = await startCulpritProcess(folder);
    const app = await startApp(culprit.url);
    const requests = 3;
    for (let i = 0; i < requests; i += 1) await app.get(`/customers/${loop}`);
    await app.stop();
    let finding: Finding | undefined;
    await until(async () => {
      const response = await fetch(`${culprit.url}/api/v1/findings`);
      const { findings } = (await response.json()) as FindingsResponse;
      finding = findings.find(
        ({ detector, evidence }) =>
          detector === "n-plus-one" && evidence.tracesAffected === requests,
      );
      return finding !== undefined;
    });
    expect(finding).toMatchObject({
      summary: expect.stringContaining("5000 times"),
      evidence: { repeatsMedian: loop, repeatsMax: loop },
      callSite: { function: "findName" },
    });
    await culprit.process.stop();

    const store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
    const [stored] = await store
      .select<Record<string, number>>(storedCallsQuery, {})
      .finally(() => store.close());
    expect(stored).toMatchObject({
      calls: requests * (loop + 1),
      opsCalls: requests * (loop + 1),
      edgeCalls: requests * (loop + 1),
    });
    expect(stored!.spans! - 2 * stored!.slow!).toBeLessThan(requests * 60);
  });
});

const storedCallsQuery = {
  name: "summary-spans-test",
  sql: `
    SELECT
      (SELECT toFloat64(count()) FROM spans WHERE kind = 3) AS spans,
      (SELECT toFloat64(count()) FROM spans WHERE kind = 3 AND duration > ${slowMs}e6) AS slow,
      (SELECT toFloat64(sum(repeats)) FROM spans WHERE kind = 3) AS calls,
      (SELECT sum(n) FROM ops_1m WHERE kind = 3) AS opsCalls,
      (SELECT sum(n) FROM edges_1m WHERE kind = 3) AS edgeCalls
    ORDER BY spans
    LIMIT 1`,
};
