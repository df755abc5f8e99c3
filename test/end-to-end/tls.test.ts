import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCertificate } from "../support/certificates.ts";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { until } from "../support/until.ts";

/** The built product with certificates: it speaks TLS alone, and takes new ones while it runs. */
const authority = createCertificate("Test CA");
let folder: string;
let culprit: CulpritProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-tls-"));
  await putCertificate("first");
  culprit = await startCulpritProcess(join(folder, "data"), {
    env: {
      CULPRIT_TLS_CERT: join(folder, "cert.pem"),
      CULPRIT_TLS_KEY: join(folder, "key.pem"),
    },
  });
});
afterAll(async () => {
  await culprit?.process.stop();
  await rm(folder, { recursive: true, force: true });
});

async function putCertificate(name: string): Promise<void> {
  const { cert, key } = createCertificate(name, { issuer: authority });
  await writeFile(join(folder, "cert.pem"), cert);
  await writeFile(join(folder, "key.pem"), key);
}

/** On a connection of its own: what is ready, and whose certificate it shows. */
async function ask() {
  const sent = get(`${culprit.url}/readyz`, { ca: authority.cert, agent: false });
  const [response] = await once(sent, "response");
  const { subject } = (response.socket as TLSSocket).getPeerCertificate();
  response.resume();
  return { status: response.statusCode, name: subject.CN };
}

test("it answers in TLS, and not without", async () => {
  expect(culprit.url).toMatch(/^https:/);
  expect(await ask()).toEqual({ status: 200, name: "first" });
  await expect(fetch(culprit.url.replace("https:", "http:"))).rejects.toThrow();
});

test("SIGHUP makes it take a new certificate, and does not end it", async () => {
  await putCertificate("second");
  process.kill(culprit.process.pid, "SIGHUP");
  await until(async () => (await ask()).name === "second");
});
