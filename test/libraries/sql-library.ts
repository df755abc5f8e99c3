import { expect } from "vitest";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import type { LibraryRun } from "./run-library.ts";

/** What every library over a SQL database must show. */
export interface ExpectedQueries {
  readonly system: "postgresql" | "mysql";
  readonly namespace: string;
  readonly port: number;
  readonly collection: string;
  /** Of the one statement of a request. */
  readonly text: RegExp;
  readonly errorCode: string;
  /** Of the request for `/items/ID`. */
  readonly rowsOf: (id: number) => number;
}

const poolName = "db.client.connection.pool.name";

/** Of 100 requests at once: one query each, in its own trace, with what is known of it; and one that fails. */
export function expectQueries(run: LibraryRun, expected: ExpectedQueries): void {
  const summary = `SELECT ${expected.collection}`;
  const hashes = new Set();
  for (const [i, { server, calls }] of run.items.entries()) {
    expect(calls.map(({ name }) => name)).toEqual([summary]);
    const call = calls[0]!;
    expect(call).toMatchObject({ kind: 3, parentSpanId: server.spanId, isError: false });
    expect(call.attributes).toMatchObject({
      "db.system.name": expected.system,
      "db.namespace": expected.namespace,
      "db.operation.name": "SELECT",
      "db.collection.name": expected.collection,
      "db.query.summary": summary,
      "db.response.returned_rows": expected.rowsOf(i + 1),
      "server.address": "127.0.0.1",
      "server.port": expected.port,
      ...run.callSite,
    });
    expect(call.attributes["db.query.text"]).toMatch(expected.text);
    expect(call.attributes["culprit.params_hash"]).toMatch(/^[0-9a-f]{16}$/);
    hashes.add(call.attributes["culprit.params_hash"]);
    expect(server.attributes["culprit.db.calls"]).toBe(1);
  }
  expect(hashes.size).toBe(run.items.length);
  expectFailure(run, expected.errorCode);
}

function expectFailure({ failed: { server, calls } }: LibraryRun, errorCode: string): void {
  expect(server.attributes["http.response.status_code"]).toBe(500);
  const call = calls.at(-1);
  expect(call).toMatchObject({ isError: true, parentSpanId: server.spanId });
  expect(call?.attributes).toMatchObject({
    "error.type": errorCode,
    "db.response.status_code": errorCode,
  });
}

/** A hundred requests begin together and share four connections, not all of which are open yet. */
export function expectPoolWaits({ items }: LibraryRun): void {
  const waits = items.map(({ calls }) => waitOf(calls));
  expect(waits.filter((wait) => wait > 0).length).toBeGreaterThanOrEqual(96);
  for (const { server, calls } of items) {
    expect(waitOf(calls)).toBeLessThanOrEqual(server.endMs - server.startMs);
  }
}

/** Of a pool whose four connections are opened by the requests: those who had one made say how long that took. */
export function expectNewConnections({ items }: LibraryRun): void {
  const creates = items.flatMap(
    ({ calls }) => calls[0]?.attributes["culprit.connection.create_ms"] ?? [],
  );
  expect(creates.length).toBeGreaterThan(0);
  expect(creates.length).toBeLessThanOrEqual(4);
}

/** Of the pool that is called so, what it holds, and how long it let wait; its calls say that they are its own. */
export function expectPoolMetrics({ items, metrics }: LibraryRun, pool: string): void {
  const names = items.flatMap(({ calls }) => calls[0]?.attributes[poolName] ?? []);
  expect(new Set(names)).toEqual(new Set([pool]));
  // Sequelize may hand out a connection that was made for another request, for which nobody has waited.
  expect(names.length).toBeGreaterThanOrEqual(96);
  const metricNames = ["count", "max", "pending_requests", "wait_time"];
  for (const name of metricNames) expect(metrics).toContain(`db.client.connection.${name}`);
  expect(metrics).toContain(pool);
}

function waitOf(calls: readonly DecodedSpan[]): number {
  return Number(calls[0]?.attributes["culprit.pool.wait_ms"] ?? 0);
}
