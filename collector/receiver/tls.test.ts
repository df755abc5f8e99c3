import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type RequestOptions, request } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { Client, credentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Certificate, createCertificate } from "../../test/support/certificates.ts";
import { callGrpc, exportPath } from "../../test/support/grpc-client.ts";
import { openTlsFiles, type TlsFiles } from "../auth/tls-files.ts";
import { Counters } from "../counters.ts";
import { openGrpc } from "./grpc-for-tests.ts";
import { createLimitedServer, defaultHttpLimits } from "./http-limits.ts";

const authority = createCertificate("Test CA");
const otherAuthority = createCertificate("Other CA");
const first = createCertificate("first", { issuer: authority });
const second = createCertificate("second", { issuer: authority });
const past = { validFrom: new Date(1e12), validTo: new Date(1.1e12) };
const expired = createCertificate("expired", { issuer: authority, ...past });

let folder: string;
let logged: string[];
let counters: Counters;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-tls-"));
  logged = [];
  counters = new Counters();
  await put(first);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

async function put({ cert, key }: Partial<Certificate>, ca?: string): Promise<void> {
  if (cert !== undefined) await writeFile(join(folder, "cert.pem"), cert);
  if (key !== undefined) await writeFile(join(folder, "key.pem"), key);
  if (ca !== undefined) await writeFile(join(folder, "ca.pem"), ca);
}

async function openFiles({ isMutual = false } = {}): Promise<TlsFiles> {
  const files = await openTlsFiles({
    certFile: join(folder, "cert.pem"),
    keyFile: join(folder, "key.pem"),
    clientCaFile: isMutual ? join(folder, "ca.pem") : undefined,
    now: Date.now,
    log: (line) => logged.push(line),
    counters,
  });
  closers.push(() => files.close());
  return files;
}

/** A server that says hello; its port. */
async function serve(files: TlsFiles): Promise<number> {
  const listener = (_: unknown, response: { end(text: string): void }) => response.end("hello");
  const server = createLimitedServer(listener, defaultHttpLimits, counters, files);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** On a connection of its own: the answer, and whose certificate it came with. */
async function get(port: number, options: RequestOptions = {}) {
  const sent = request({ host: "127.0.0.1", port, ca: authority.cert, agent: false, ...options });
  sent.end();
  const [response] = await once(sent, "response");
  const { subject } = (response.socket as TLSSocket).getPeerCertificate();
  let text = "";
  for await (const chunk of response) text += chunk;
  return { text, name: subject.CN };
}

const certificateOf = ({ cert, key }: Certificate) => ({ cert, key });

describe("a server with a certificate", () => {
  test("answers those who trust its CA, in TLS 1.2 and 1.3", async () => {
    const port = await serve(await openFiles());
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const options = { minVersion: version, maxVersion: version };
      expect(await get(port, options)).toEqual({ text: "hello", name: "first" });
    }
    await expect(get(port, { ca: otherAuthority.cert })).rejects.toThrow();
  });

  test("refuses older TLS and plain HTTP, and counts them", async () => {
    const port = await serve(await openFiles());
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
    await expect(get(port, old)).rejects.toThrow(/version|protocol/i);
    const socket = connect(port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\n\r\n");
    const parts: Buffer[] = [];
    socket.on("error", () => undefined);
    socket.on("data", (part) => parts.push(part));
    await once(socket, "close");
    expect(Buffer.concat(parts).toString()).not.toContain("hello");
    await expect.poll(() => counters.value("failed_handshakes")).toBe(2);
    expect((await get(port)).text).toBe("hello");
  });

  test("takes a new certificate for new connections", async () => {
    const files = await openFiles();
    const port = await serve(files);
    expect((await get(port)).name).toBe("first");
    await put(second);
    await files.check();
    expect((await get(port)).name).toBe("second");
    expect(files.expiresAt()).toBeGreaterThan(Date.now());
    expect(logged).toEqual([]);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ["the key of another", () => put({ key: second.key }), "is not the key in PEM"],
    ["no PEM", () => put({ cert: "secret" }), "holds no certificate in PEM"],
    ["no key", () => put({ key: "secret" }), "is not the key in PEM"],
    ["a certificate that has ended", () => put(expired), "ended on 2004-11-09"],
    ["no file", () => rm(join(folder, "cert.pem")), "is not there"],
  ])("keeps the former one when the new is %s, and takes the next", async (_, spoil, message) => {
    const files = await openFiles();
    const port = await serve(files);
    await spoil();
    await files.check();
    await files.check();
    expect((await get(port)).name).toBe("first");
    expect(logged).toEqual([expect.stringContaining(message)]);
    expect(logged[0]).not.toMatch(/secret|PRIVATE KEY/);
    expect(counters.value("tls_file_errors")).toBe(1);
    await put(second);
    await files.check();
    expect((await get(port)).name).toBe("second");
  });

  test("does not start with files that can't be used", async () => {
    await put(expired);
    await expect(openFiles()).rejects.toThrow("ended on");
    await put({ ...first, key: second.key });
    await expect(openFiles()).rejects.toThrow("is not the key");
  });
});

describe("a server that asks clients for certificates", () => {
  const client = createCertificate("client", { issuer: authority });

  test("lets in those of its CA alone", async () => {
    await put({}, authority.cert);
    const port = await serve(await openFiles({ isMutual: true }));
    expect((await get(port, certificateOf(client))).text).toBe("hello");
    const foreign = createCertificate("client", { issuer: otherAuthority });
    for (const options of [{}, certificateOf(foreign), certificateOf(expired)]) {
      await expect(get(port, options)).rejects.toThrow();
    }
    await expect.poll(() => counters.value("failed_handshakes")).toBe(3);
  });

  test("takes a new CA for new connections", async () => {
    await put({}, otherAuthority.cert);
    const files = await openFiles({ isMutual: true });
    const port = await serve(files);
    await expect(get(port, certificateOf(client))).rejects.toThrow();
    await put({}, authority.cert);
    await files.check();
    expect((await get(port, certificateOf(client))).text).toBe("hello");
  });
});

describe("gRPC", () => {
  async function call(files: TlsFiles, channel: Parameters<typeof credentials.createSsl>) {
    const { port, close } = await openGrpc({}, files);
    const client = new Client(`localhost:${port}`, credentials.createSsl(...channel));
    closers.push(close, () => client.close());
    return await callGrpc(client, exportPath, "3");
  }

  test("speaks TLS with the official client", async () => {
    const files = await openFiles();
    expect((await call(files, [Buffer.from(authority.cert)])).code).toBe(0);
  });

  test("asks clients for certificates, too", async () => {
    await put({}, authority.cert);
    const files = await openFiles({ isMutual: true });
    const [ca, key, cert] = [authority.cert, second.key, second.cert].map((pem) =>
      Buffer.from(pem),
    );
    expect((await call(files, [ca!, key!, cert!])).code).toBe(0);
    const unavailable = 14;
    expect((await call(files, [ca!])).code).toBe(unavailable);
  });
});
