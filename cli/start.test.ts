import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { encodeOtlp } from "../collector/decode/testing/encode-otlp.ts";
import { openEmbeddedStore } from "../storage/embedded/open-embedded-store.ts";
import { newSpan, protobuf, send, toRequest } from "../test/conformance/otlp-client.ts";
import { startNode } from "../test/support/processes.ts";
import { until } from "../test/support/until.ts";
import { readStartConfig } from "./config.ts";
import { startCulprit } from "./start.ts";

const root = mkdtempSync(join(tmpdir(), "culprit-start-"));
const toArgs = (data: string) => ["--port", "0", "--grpc-port", "off", "--data", data];

afterAll(() => rmSync(root, { recursive: true, force: true }));

test("it listens before its tables are there: alive, not ready, and what comes is stored", async () => {
  const config = readStartConfig(toArgs(join(root, "early")), {});
  const culprit = await startCulprit(config, { log: () => undefined });
  const get = (path: string) => send(culprit.url + path, null, {}, "GET");
  const span = newSpan();
  const body = encodeOtlp(toRequest([span]));
  const [ready, healthy, sent] = await Promise.all([
    get("/readyz"),
    get("/healthz"),
    send(`${culprit.url}/v1/traces`, body, protobuf),
  ]);
  expect([ready.status, healthy.status, sent.status]).toEqual([503, 200, 200]);
  expect(ready.bytes.toString()).toBe("the database is starting\n");
  await culprit.opened;
  expect((await get("/readyz")).status).toBe(200);
  await until(async () => (await get(`/api/v1/traces/${span.traceId}`)).status === 200);
  await culprit.close();
});

test("a folder of a newer version ends it, and is named", async () => {
  const data = join(root, "newer");
  const store = await openEmbeddedStore({ folder: join(data, "clickhouse") });
  await store.engine.administer(
    "INSERT INTO migrations SELECT 9999, '9999-later.sql', 'hash', now('UTC')",
  );
  await store.close();
  const args = [join(import.meta.dirname, "main.ts"), "start", ...toArgs(data)];
  const started = await startNode({ args });
  await started.waitFor(/culprit: .*9999-later.sql was applied by a newer version/);
  expect(await started.ended).toBe(1);
});
