import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

const text = "SELECT current_query() AS query, $1::int AS id";
let postgres: Postgres;
let sink: OtlpSink;
let app: TracedApp | undefined;

beforeAll(async () => {
  [postgres, sink] = await Promise.all([startPostgres(), startOtlpSink()]);
});

afterEach(() => app?.stop());
afterAll(() => Promise.all([postgres?.stop(), sink?.stop()]));

/** The statements as the database got them, by how they were made. */
async function askDatabase(env: Readonly<Record<string, string>>): Promise<unknown> {
  app = await startTracedApp("current-query.cjs", {
    collectorUrl: sink.url,
    env: { DATABASE_URL: postgres.url(), OTEL_SERVICE_NAME: "the shop", ...env },
  });
  return JSON.parse(await app.get("/queries/7"));
}

it("with CULPRIT_SQL_COMMENTER the database is told service and route, except by a named statement", async () => {
  const commented = {
    query: `${text} /*route='%2Fqueries%2F%3Aid',service='the%20shop'*/`,
    id: 7,
  };
  expect(await askDatabase({ CULPRIT_SQL_COMMENTER: "on" })).toEqual({
    text: commented,
    config: commented,
    again: commented,
    composed: commented,
    callback: commented,
    named: { query: text, id: 7 },
    commented: { query: `${text} /* mine */`, id: 7 },
  });
  const isQuery = ({ kind }: { kind: number }) => kind === 3;
  await sink.waitFor((spans) => spans.filter(isQuery).length === 7);
  const texts = sink.spans.filter(isQuery).map(({ attributes }) => attributes["db.query.text"]);
  expect(new Set(texts.map((it) => String(it).trim()))).toEqual(new Set([text]));
});

it("without it statements are sent as they are", async () => {
  const plain = { query: text, id: 7 };
  expect(await askDatabase({})).toMatchObject({ text: plain, config: plain, composed: plain });
});
