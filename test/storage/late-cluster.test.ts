import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readStartConfig } from "../../cli/config.ts";
import { type Culprit, startCulprit } from "../../cli/start.ts";
import { encodeOtlp } from "../../collector/decode/testing/encode-otlp.ts";
import { newSpan, protobuf, send, toRequest } from "../conformance/otlp-client.ts";
import { findFreePort } from "../support/find-free-port.ts";
import { until } from "../support/until.ts";
import { type ClickHouseServer, startClickHouseServer } from "./start-clickhouse-server.ts";

/** ClickHouse servers that come after Culprit does: pods of one release start in any order. */
const root = mkdtempSync(join(tmpdir(), "culprit-late-cluster-"));
let culprit: Culprit | undefined;
let server: ClickHouseServer | undefined;

afterAll(async () => {
  await culprit?.close();
  await server?.kill();
  rmSync(root, { recursive: true, force: true });
});

const get = async (path: string) => (await send(culprit!.url + path, null, {}, "GET")).status;

test("what is acknowledged before the servers answer is stored, also across a restart", async () => {
  const port = await findFreePort();
  const args = ["--port", "0", "--grpc-port", "off", "--data", join(root, "data")];
  const config = readStartConfig([...args, "--clickhouse-url", `http://127.0.0.1:${port}`], {});
  const spans = [newSpan(), newSpan()];
  for (const span of spans) {
    culprit = await startCulprit(config, { log: () => undefined });
    expect([await get("/healthz"), await get("/readyz")]).toEqual([200, 503]);
    const body = encodeOtlp(toRequest([span]));
    expect((await send(`${culprit.url}/v1/traces`, body, protobuf)).status).toBe(200);
    expect(await get(`/api/v1/traces/${span.traceId}`)).toBe(503);
    await culprit.close();
  }
  culprit = await startCulprit(config, { log: () => undefined });
  server = await startClickHouseServer(join(root, "server"), port);
  await until(async () => (await get("/readyz")) === 200);
  for (const span of spans) {
    await until(async () => (await get(`/api/v1/traces/${span.traceId}`)) === 200);
  }
});
