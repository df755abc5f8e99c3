import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEmbeddedStore } from "../../storage/embedded/open-embedded-store.ts";
import { faultRounds } from "../support/config.ts";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { Exporter, expectEveryRowOnce, isInserted } from "../support/exporter.ts";
import { until } from "../support/until.ts";

const rounds = faultRounds ?? 10;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-kill-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("kill -9 of the main process loses no acknowledged row and doubles none", () =>
  killUnderLoad(({ process: main }) => kill(main.pid)));

test("kill -9 of the database process loses no acknowledged row and doubles none", () =>
  killUnderLoad((culprit) => kill(culprit.databasePid()), { restart: false }));

test("kill -9 of both loses no acknowledged row and doubles none", () =>
  killUnderLoad((culprit) => {
    const databasePid = culprit.databasePid();
    kill(culprit.process.pid);
    kill(databasePid);
  }));

async function killUnderLoad(
  strike: (culprit: CulpritProcess) => void,
  { restart = true } = {},
): Promise<void> {
  const exporter = new Exporter();
  let culprit = await startCulpritProcess(folder);
  for (let round = 0; round < rounds; round++) {
    const before = exporter.acknowledgedRows();
    const sending = exporter.run(culprit.url);
    await until(() => exporter.acknowledgedRows() > before);
    await delay(randomInt(0, 1500));
    strike(culprit);
    await delay(randomInt(0, 50));
    exporter.stop();
    await sending;
    if (restart) {
      await culprit.process.ended;
      culprit = await startCulpritProcess(folder);
    } else {
      await until(async () => (await fetch(`${culprit.url}/readyz`)).status === 200);
    }
    await until(() => isInserted(culprit));
    await expectStored(exporter, await readCounts(culprit));
  }
  await exporter.sendRest(culprit.url);
  await until(() => isInserted(culprit));
  expect(await culprit.process.stop()).toBe(0);
  const store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
  await expectEveryRowOnce(exporter, store).finally(() => store.close());
}

/** What is stored may hold more than what was acknowledged: a kill between the fsync and the answer. Never less. */
async function expectStored(exporter: Exporter, { spansStored }: { spansStored: number }) {
  expect(spansStored).toBeGreaterThanOrEqual(exporter.acknowledged.traces.size);
}

async function readCounts(culprit: CulpritProcess): Promise<{ spansStored: number }> {
  const response = await fetch(`${culprit.url}/api/v1/findings`);
  const { coverage } = (await response.json()) as { coverage: { spansStored: number } };
  return coverage;
}

function kill(pid: number): void {
  process.kill(pid, "SIGKILL");
}
