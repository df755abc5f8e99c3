import { Pool } from "pg";
import { beforeEach, expect, it } from "vitest";
import { CallSiteRules } from "../evidence/call-site-rules.ts";
import { Shedding } from "../runtime/shedding.ts";
import type { RecordedSpan } from "../tracing/recorded-span.ts";
import { createSampler } from "../tracing/sampler.ts";
import { Tracing } from "../tracing/tracing.ts";
import { ConnectionStates } from "./connection-states.ts";
import { PgInstrumentation } from "./pg.ts";

class PromisingPool extends Pool {}
/** As some applications replace it; pg's type has seven forms of it. */
Object.defineProperty(PromisingPool.prototype, "query", {
  configurable: true,
  writable: true,
  async value(this: Pool, text: string) {
    const client = await this.connect();
    try {
      return await client.query(text);
    } finally {
      client.release();
    }
  },
});

const ended: RecordedSpan[] = [];
const sink = { add: (span: RecordedSpan) => void ended.push(span), scopeOf: () => 0 };
const instrumentation = new PgInstrumentation({
  tracing: new Tracing(sink, createSampler("always_on", 1), "1"),
  hashParams: () => undefined,
  callSites: new CallSiteRules(0, new Shedding()),
  states: new ConnectionStates(),
  pools: undefined,
  comments: undefined,
  plans: undefined,
});
instrumentation.patchPool(PromisingPool);

/** No server listens there, and none can. */
const pool = new PromisingPool({ host: "/nowhere", database: "shop" });

beforeEach(() => {
  ended.length = 0;
});

it("tells a call of a pool that takes its connections as promises, when it gets none", async () => {
  await expect(pool.query("SELECT 1 FROM items")).rejects.toThrow("ENOENT");
  expect(ended).toHaveLength(1);
  expect(ended[0]).toMatchObject({
    name: "SELECT items",
    statusCode: 2,
    detail: { statement: "SELECT $0 FROM items" },
  });
});

it("tells each of several calls that fail at once, under its own name", async () => {
  const calls = ["SELECT 1 FROM items", "DELETE FROM carts"].map((text) => pool.query(text));
  await Promise.allSettled(calls);
  expect(ended.map(({ name }) => name)).toEqual(["SELECT items", "DELETE carts"]);
});

it("tells nothing of a connection that nobody has a call for", async () => {
  await expect(pool.connect()).rejects.toThrow("ENOENT");
  await new Promise<void>((resolve) => {
    pool.connect((error) => {
      expect(error).toMatchObject({ code: "ENOENT" });
      resolve();
    });
  });
  expect(ended).toEqual([]);
});
