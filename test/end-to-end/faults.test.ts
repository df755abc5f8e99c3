import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openClusterStore } from "../../storage/cluster/open-cluster-store.ts";
import { openEmbeddedStore } from "../../storage/embedded/open-embedded-store.ts";
import { defaultRetention } from "../../storage/retention.ts";
import {
  type ClickHouseServer,
  startClickHouseServer,
} from "../storage/start-clickhouse-server.ts";
import { faultRounds } from "../support/config.ts";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { Exporter, expectEveryRowOnce, isInserted } from "../support/exporter.ts";
import { until } from "../support/until.ts";

/**
 * What production does to a collector, under load. After each: nothing that was acknowledged is lost, nothing is stored
 * twice, rollups agree with spans; and at every look, accepted + recovered = stored + journaled + dropped.
 */
const isFull = faultRounds !== undefined;
const rounds = faultRounds ?? 3;

let folder: string;
let undo: (() => unknown)[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-faults-"));
  undo = [() => rm(folder, { recursive: true, force: true })];
});
afterEach(async () => {
  for (const act of undo.reverse()) await act();
});

test("ClickHouse servers: kill -9 of the collector, of the server or of both", async () => {
  let { server, env } = await startServer();
  let culprit = await startCulpritProcess(folder, { env });
  const exporter = new Exporter();
  for (let round = 0; round < rounds; round++) {
    await underLoad(exporter, culprit, async () => {
      await delay(randomInt(0, 1_500));
      if (round % 3 !== 0) await server.kill();
      if (round % 3 !== 1) process.kill(culprit.process.pid, "SIGKILL");
      await delay(randomInt(0, 50));
    });
    if (round % 3 !== 0) server = await startClickHouseServer(join(folder, "server"), server.port);
    if (round % 3 !== 1) culprit = await startCulpritProcess(folder, { env });
  }
  await expectAllInServer(exporter, culprit, env);
  await server.kill();
});

test("a server that is away, and one that is slow: the journal holds what comes, then drains", async () => {
  const { server, env } = await startServer();
  const culprit = await startCulpritProcess(folder, { env });
  const exporter = new Exporter();
  await server.kill();
  let journaled = 0;
  await underLoad(exporter, culprit, async () => {
    await delay(isFull ? 120_000 : 5_000);
    journaled = await culprit.metric("culprit_journal_spans");
  });
  expect(journaled).toBeGreaterThanOrEqual(exporter.acknowledged.traces.size / 2);
  const back = await startClickHouseServer(join(folder, "server"), server.port);
  await untilInserted(culprit);

  await underLoad(exporter, culprit, async () => {
    for (let pulse = 0; pulse < rounds; pulse++) {
      back.signal("SIGSTOP");
      await delay(3_000);
      back.signal("SIGCONT");
      await delay(200);
    }
  });
  await expectAllInServer(exporter, culprit, env);
  await back.kill();
});

test("a database process that stands still: the journal holds what comes, then drains", async () => {
  const culprit = await startCulpritProcess(folder);
  const exporter = new Exporter();
  let journaled = 0;
  for (let round = 0; round < rounds; round++) {
    await underLoad(exporter, culprit, async () => {
      const pid = culprit.databasePid();
      process.kill(pid, "SIGSTOP");
      await delay(isFull && round === 0 ? 120_000 : 3_000);
      journaled = Math.max(journaled, await culprit.metric("culprit_journal_spans"));
      expect((await fetch(`${culprit.url}/healthz`)).status).toBe(200);
      process.kill(pid, "SIGCONT");
      await delay(200);
    });
  }
  expect(journaled).toBeGreaterThan(0);
  expect(await culprit.metric("culprit_database_restarts_total")).toBe(0);
  await expectAllEmbedded(exporter, culprit);
});

test("a disk that is full refuses requests, and takes them again when there is room", async () => {
  need("mount", "--version");
  const journal = join(folder, "journal");
  await mkdir(journal);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m,mode=0700", "culprit-test", journal]);
  undo.push(() => execFileSync("umount", ["--lazy", journal]));
  const culprit = await startCulpritProcess(folder);
  const exporter = new Exporter();
  for (let round = 0; round < rounds; round++) {
    await underLoad(exporter, culprit, async () => {
      const before = await refused(culprit);
      await writeFile(join(journal, "filler"), Buffer.alloc(8 * 2 ** 20)).catch(ignoreFullDisk);
      await until(async () => (await refused(culprit)) > before);
      await rm(join(journal, "filler"));
    });
  }
  await expectAllEmbedded(exporter, culprit);
});

test("fsync that fails: no request is acknowledged meanwhile, and none is lost", async () => {
  need("strace", "--version");
  const culprit = await startCulpritProcess(folder);
  const exporter = new Exporter();
  for (let round = 0; round < rounds; round++) {
    await underLoad(exporter, culprit, async () => {
      const tracer = traceFsync(culprit.process.pid);
      const before = await refused(culprit);
      await until(async () => (await refused(culprit)) > before);
      const acknowledged = exporter.acknowledgedRows();
      await delay(500);
      expect(exporter.acknowledgedRows()).toBe(acknowledged);
      await endTracer(tracer);
    });
  }
  await expectAllEmbedded(exporter, culprit);
});

test("a clock that jumps by hours, there and back", async () => {
  const clock = join(import.meta.dirname, "../support/jumping-clock.mjs");
  const env = {
    NODE_OPTIONS: `--import=${clock}`,
    CULPRIT_ACCEPT_FUTURE_MINUTES: "600",
  };
  let culprit = await startCulpritProcess(folder, { env });
  const exporter = new Exporter();
  for (let round = 0; round < rounds; round++) {
    await underLoad(exporter, culprit, async () => {
      for (let jump = 0; jump < 4; jump++) {
        process.kill(culprit.process.pid, "SIGUSR2");
        await delay(randomInt(300, 1_500));
      }
      process.kill(culprit.process.pid, "SIGKILL");
    });
    // A new process is back at the real time: files of the future lie in its journal.
    culprit = await startCulpritProcess(folder, { env });
  }
  await expectAllEmbedded(exporter, culprit);
});

/** Runs `act` while the exporter sends; the balance holds all the time. */
async function underLoad(
  exporter: Exporter,
  culprit: CulpritProcess,
  act: () => Promise<void>,
): Promise<void> {
  const before = exporter.acknowledgedRows();
  const sending = exporter.run(culprit.url);
  await until(() => exporter.acknowledgedRows() > before);
  await expectBalance(culprit);
  try {
    await act();
  } finally {
    exporter.stop();
    await sending;
  }
}

/** One page of metrics, so all of one moment. */
async function expectBalance({ url }: CulpritProcess): Promise<void> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (name: string) =>
    text
      .split("\n")
      .filter((line) => new RegExp(`^culprit_${name}[{ ]`).test(line))
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  expect(sum("accepted_spans_total") + sum("recovered_spans_total")).toBe(
    sum("stored_spans_total") + sum("journal_spans") + sum("dropped_spans_total"),
  );
  // Both may be 0 after a restart: what was acknowledged since is of other signals, or a retry of what is stored.
  expect(text).toMatch(/^culprit_accepted_spans_total \d/m);
}

async function expectAllEmbedded(exporter: Exporter, culprit: CulpritProcess): Promise<void> {
  await drainAndStop(exporter, culprit);
  const store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
  await expectEveryRowOnce(exporter, store).finally(() => store.close());
}

async function expectAllInServer(
  exporter: Exporter,
  culprit: CulpritProcess,
  env: { readonly CULPRIT_CLICKHOUSE_URL: string },
): Promise<void> {
  await drainAndStop(exporter, culprit);
  const store = openClusterStore({
    urls: [env.CULPRIT_CLICKHOUSE_URL],
    database: "default",
    username: "default",
    password: "",
    cluster: "",
    retention: defaultRetention,
  });
  try {
    await until(() => store.isReady());
    await expectEveryRowOnce(exporter, store);
  } finally {
    await store.close();
  }
}

async function drainAndStop(exporter: Exporter, culprit: CulpritProcess): Promise<void> {
  await exporter.sendRest(culprit.url);
  await untilInserted(culprit);
  await expectBalance(culprit);
  expect(await culprit.metric("culprit_dropped_spans_total")).toBe(0);
  process.stdout.write(
    `${expect.getState().currentTestName}: ${exporter.acknowledgedRows()} rows\n`,
  );
  expect(await culprit.process.stop()).toBe(0);
}

/** What two minutes have left takes a while, and begins up to 30 s after the store is back. */
async function untilInserted(culprit: CulpritProcess): Promise<void> {
  await vi.waitFor(async () => expect(await isInserted(culprit)).toBe(true), {
    timeout: 300_000,
    interval: 200,
  });
}

async function startServer(): Promise<{
  server: ClickHouseServer;
  env: { CULPRIT_CLICKHOUSE_URL: string };
}> {
  await mkdir(join(folder, "server"));
  const server = await startClickHouseServer(join(folder, "server"));
  return { server, env: { CULPRIT_CLICKHOUSE_URL: server.url } };
}

function refused(culprit: CulpritProcess): Promise<number> {
  return culprit.metric("culprit_journal_failed_writes_total");
}

/** strace of Debian; attaching and mounting are root's. */
function need(program: string, argument: string): void {
  const { error } = spawnSync(program, [argument]);
  if (error || process.getuid?.() !== 0) {
    throw new Error(`this test needs root, and ${program} (Debian: apt-get install strace mount)`);
  }
}

function ignoreFullDisk(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOSPC") throw error;
}

/** Every fsync of the main process fails with EIO until strace ends; ClickHouse has a process of its own. */
function traceFsync(pid: number): ChildProcess {
  const what = "inject=fsync,fdatasync:error=EIO";
  return spawn("strace", ["-f", "-qq", "-o", "/dev/null", "-e", what, "-p", String(pid)], {
    stdio: "ignore",
  });
}

async function endTracer(tracer: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => tracer.once("exit", resolve));
  tracer.kill("SIGTERM");
  await ended;
}
