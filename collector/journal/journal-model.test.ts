import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../../analyzers/gain/random.ts";
import { type Journal, openJournal } from "./journal.ts";
import { type DiskFault, SimulatedDisk } from "./simulated-disk.ts";
import { entryForTests, type InsertFailure, StoreForTests } from "./store-for-tests.ts";

/**
 * A journal on a simulated disk, with a client that keeps what was refused and sends it again, as exporters do. The
 * model is what the client knows: which requests were acknowledged.
 */
class World {
  readonly disk: SimulatedDisk;
  readonly store: StoreForTests;
  readonly acknowledged = new Set<number>();
  /** Refused, in work when the process died, or of an answer that got lost: to be sent again. */
  pending: number[] = [];
  /** Acknowledged in the last quarter of an hour that a process ran. */
  readonly recent = new Set<number>();
  nowMs = 1_800_000_000_000;
  uptimeMs = 0;
  isPowerCut = false;
  /**
   * Where disk and process fail both, a request that was refused may stay in its file: it is stored, and its retry too.
   * A start does not know the bodies of a file that it could not read or sync, nor of those in quarantine: a retry is
   * stored, and once more when the file is taken up again.
   */
  mayDouble = false;
  readonly #lengths = new Map<number, number>();
  #next = 1;
  #journal: Journal | undefined;

  constructor(seed: string) {
    this.disk = new SimulatedDisk(createRandom(seed));
    this.store = new StoreForTests(this.disk.read);
  }

  async send(lengths: readonly number[]): Promise<void> {
    for (const _ of lengths) this.pending.push(this.#next++);
    await this.sendPending((number) => lengths[number % lengths.length]!);
  }

  /** As the receiver does: what is known already is acknowledged, and not stored again. */
  async sendPending(lengthOf: (number: number) => number = () => 40): Promise<void> {
    const journal = await this.journal();
    if (journal === undefined) return;
    const outcomes = this.pending.map(async (number) => {
      const entry = entryForTests(number, this.#lengths.get(number) ?? lengthOf(number));
      this.#lengths.set(number, entry.block.length);
      if (!journal.hasAccepted(entry.bodyHash)) await journal.append(entry);
      if (this.disk.isDead) return;
      this.acknowledged.add(number);
      this.recent.add(number);
    });
    await Promise.allSettled(outcomes);
    this.pending = this.pending.filter((number) => !this.recent.has(number));
  }

  /** Undefined: the process died while it started. */
  async journal(): Promise<Journal | undefined> {
    try {
      this.#journal ??= await openJournal({
        folder: "/journal",
        insert: this.#insert,
        bytesMax: 2 ** 20,
        now: () => this.nowMs,
        uptimeMs: () => this.uptimeMs,
        log: () => {},
        fs: this.disk.fs,
        groupMs: 0,
        closeAfterMs: 60_000,
        closeAfterRows: 5,
        retryMinMs: 0,
        retryMaxMs: 0,
      });
    } catch (error) {
      // A start fails only with its disk: the folder can't be listed, or the process is dead.
      if (!this.disk.isDead) throw error;
    }
    return this.#journal;
  }

  async drain(): Promise<void> {
    await (await this.journal())?.drain();
  }

  async restart(): Promise<void> {
    await this.#journal?.close();
    this.#journal = undefined;
    this.uptimeMs = 0;
  }

  /** After each command: a process that died in it starts again, and the client sends again what it has no answer for. */
  async settle(): Promise<void> {
    this.mayDouble ||= this.disk.isDead && this.disk.faultsMet > 0;
    while (this.disk.isDead) {
      await this.restart();
      this.disk.restart(this);
      await this.sendPending();
    }
    this.#expectBalance((await this.journal())!);
  }

  /** On a good disk, with a good store, all that was acknowledged must come out. */
  async finish(): Promise<void> {
    await this.restart();
    this.disk.restart({ isPowerCut: false });
    this.store.failures.length = 0;
    this.store.outage = undefined;
    await this.#restoreQuarantine();
    await this.sendPending();
    await this.drain();
    await this.restart();
  }

  /** The store outlives us, but is not asked by a process that is dead. */
  readonly #insert = async (file: string, token: string): Promise<void> => {
    const dies = this.disk.step();
    await this.store.insert(file, token);
    if (dies) throw new Error("the process is dead");
  };

  async #restoreQuarantine(): Promise<void> {
    const { fs } = this.disk;
    for (const name of await fs.readdir("/journal/quarantine")) {
      await fs.rename(join("/journal/quarantine", name), join("/journal", name));
    }
  }

  #expectBalance(journal: Journal): void {
    const stats = journal.stats();
    this.mayDouble ||= stats.quarantinedFiles + stats.failedFiles > 0;
    expect(stats.acceptedRows + stats.recoveredRows).toBe(
      stats.insertedRows + stats.journaledRows + stats.quarantinedRows + stats.corruptRows,
    );
  }
}

type Command = fc.AsyncCommand<object, World>;

function command(name: string, act: (world: World) => void | Promise<void>): Command {
  return {
    check: () => true,
    run: async (_, world) => {
      await act(world);
      await world.settle();
    },
    toString: () => name,
  };
}

const lengths = fc.array(fc.integer({ min: 8, max: 200 }), { minLength: 1, maxLength: 4 });
const failures = fc.array(fc.constantFrom<InsertFailure>("away", "refused", "after storing"), {
  maxLength: 4,
});
const fault = fc.record<DiskFault>({
  operation: fc.constantFrom("appendFile", "open", "readFile", "rename", "rm", "sync", "truncate"),
  code: fc.constantFrom("ENOSPC", "EIO"),
});
const minutes = fc.integer({ min: -120, max: 120 });

const commands = fc.commands(
  [
    lengths.map((sent) => command(`send ${sent}`, (world) => world.send(sent))),
    lengths.map((sent) => command(`send ${sent}`, (world) => world.send(sent))),
    fc.constant(
      command("send again what an answer got lost of", (world) => {
        world.pending.push(...world.recent);
        return world.sendPending();
      }),
    ),
    fc.constant(command("send the refused again", (world) => world.sendPending())),
    fc.constant(command("drain", (world) => world.drain())),
    fc.constant(command("stop and start", (world) => world.restart())),
    fault.map((next) =>
      command(`${next.operation} fails: ${next.code}`, (world) => world.disk.failNext(next)),
    ),
    failures.map((next) =>
      command(`inserts fail: ${next}`, (world) => void world.store.failures.push(...next)),
    ),
    fc
      .record({ steps: fc.integer({ min: 1, max: 30 }), isPowerCut: fc.boolean() })
      .map(({ steps, isPowerCut }) =>
        command(`${isPowerCut ? "power cut" : "kill"} ${steps} steps later`, (world) => {
          world.isPowerCut = isPowerCut;
          world.disk.crashAfter(steps);
        }),
      ),
    minutes.map((by) =>
      command(`the clock jumps by ${by} minutes`, (world) => {
        world.nowMs += by * 60_000;
      }),
    ),
    fc.constant(
      command("a quarter of an hour passes", async (world) => {
        // What is refused is sent again at once: after that time nobody would recognise it.
        await world.sendPending();
        world.nowMs += 16 * 60_000;
        world.uptimeMs += 16 * 60_000;
        world.recent.clear();
      }),
    ),
  ],
  { maxCommands: 25 },
);

test("every acknowledged block is stored once, whatever happened at whatever step", async () => {
  await fc.assert(
    fc.asyncProperty(commands, fc.string(), async (steps, seed) => {
      const world = new World(seed);
      await fc.asyncModelRun(() => ({ model: {}, real: world }), steps);
      await world.finish();
      const stored = world.store.numbers();
      if (!world.mayDouble) expect(new Set(stored).size, "no block twice").toBe(stored.length);
      const lost = [...world.acknowledged].filter((number) => !stored.includes(number));
      expect(lost, "no acknowledged block lost").toEqual([]);
      expect(world.pending).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
