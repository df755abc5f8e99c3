import { appendFile, readdir, rename, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Journal, openJournal } from "./journal.ts";
import {
  diskError,
  entryForTests,
  fileSystemWithFaults,
  type InsertFailure,
  StoreForTests,
  temporaryFolder,
} from "./store-for-tests.ts";

/** What may happen to a journal. A refused group is sent again, as a client would. */
type Step =
  | { readonly do: "append"; readonly lengths: readonly number[] }
  | { readonly do: "append on a bad disk"; readonly operation: "appendFile" | "sync" | "open" }
  | { readonly do: "drain"; readonly failures: readonly InsertFailure[] }
  | { readonly do: "restart"; readonly isStoreAway: boolean }
  | { readonly do: "crash"; readonly cutBytes: number; readonly tornBytes: Uint8Array };

const failure = fc.constantFrom<InsertFailure>("away", "refused", "after storing");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("append" as const),
    lengths: fc.array(fc.integer({ min: 8, max: 200 }), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    do: fc.constant("append on a bad disk" as const),
    operation: fc.constantFrom("appendFile" as const, "sync" as const, "open" as const),
  }),
  fc.record({ do: fc.constant("drain" as const), failures: fc.array(failure, { maxLength: 5 }) }),
  fc.record({ do: fc.constant("restart" as const), isStoreAway: fc.boolean() }),
  fc.record({
    do: fc.constant("crash" as const),
    cutBytes: fc.nat({ max: 400 }),
    tornBytes: fc.uint8Array({ maxLength: 60 }),
  }),
);

/** Runs steps on a real folder, and knows which blocks must come out of it. */
class Run {
  readonly folder: string;
  readonly store = new StoreForTests();
  readonly acknowledged = new Set<number>();
  isDiskBad = "";
  #next = 1;
  #journal: Journal | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  async take(action: Step): Promise<void> {
    if (action.do === "append") await this.append(action.lengths);
    if (action.do === "append on a bad disk") await this.appendOnBadDisk(action.operation);
    if (action.do === "drain") await this.drain(action.failures);
    if (action.do === "restart" || action.do === "crash") await this.close();
    if (action.do === "crash") await this.tear(action.cutBytes, action.tornBytes);
    if (action.do === "restart" && action.isStoreAway) this.store.outage = "away";
    this.#expectInvariants(await this.journal());
  }

  async journal(): Promise<Journal> {
    const fs = fileSystemWithFaults((operation) => {
      if (operation === this.isDiskBad) throw diskError("EIO");
    });
    this.#journal ??= await openJournal({
      folder: this.folder,
      insert: this.store.insert,
      bytesMax: 2 ** 20,
      now: () => 1_800_000_000_000,
      log: () => {},
      fs,
      groupMs: 0,
      closeAfterMs: 60_000,
      closeAfterRows: 5,
      retryMinMs: 0,
      retryMaxMs: 0,
    });
    return this.#journal;
  }

  async append(lengths: readonly number[]): Promise<void> {
    const journal = await this.journal();
    const entries = lengths.map((length, index) => entryForTests(this.#next + index, length));
    await Promise.all(entries.map((entry) => journal.append(entry)));
    for (const _ of entries) this.acknowledged.add(this.#next++);
  }

  async appendOnBadDisk(operation: string): Promise<void> {
    await this.journal();
    this.isDiskBad = operation;
    // A file may be open already: then no "open" fails, and the request is acknowledged.
    const refused = await this.append([50]).then(
      () => false,
      () => true,
    );
    this.isDiskBad = "";
    if (refused) await this.append([50]);
  }

  async drain(failures: readonly InsertFailure[]): Promise<void> {
    this.store.outage = undefined;
    this.store.failures.push(...failures);
    await (await this.journal()).drain();
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    this.#journal = undefined;
  }

  /** Only a file that was open can be torn: one that was never inserted. */
  async tear(cutBytes: number, tornBytes: Uint8Array): Promise<void> {
    const newest = (await readdir(this.folder)).filter((name) => name.endsWith(".native")).at(-1);
    if (newest === undefined || this.store.filesByToken.has(newest.split(".")[0]!)) return;
    const path = join(this.folder, newest);
    const { size } = await stat(path);
    const left = Math.max(0, size - cutBytes);
    for (const number of await this.#numbersBeyond(path, left)) this.acknowledged.delete(number);
    await truncate(path, left);
    await appendFile(path, tornBytes);
    await appendFile(path.replace(".native", ".sidecar"), tornBytes);
  }

  async restoreQuarantine(): Promise<void> {
    const quarantine = join(this.folder, "quarantine");
    for (const name of await readdir(quarantine)) {
      await rename(join(quarantine, name), join(this.folder, name));
    }
  }

  async #numbersBeyond(path: string, bytes: number): Promise<number[]> {
    const file = new StoreForTests();
    await file.insert(path, "");
    let end = 0;
    return file.blocks().flatMap(({ number, length }) => {
      end += length;
      return end > bytes ? [number] : [];
    });
  }

  #expectInvariants(journal: Journal): void {
    const stats = journal.stats();
    expect(stats.acceptedRows + stats.recoveredRows).toBe(
      stats.insertedRows + stats.journaledRows + stats.quarantinedRows + stats.corruptRows,
    );
    expect(stats.corruptRows).toBe(0);
  }
}

test("every acknowledged block is stored once, whatever happened", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const run = new Run(await temporaryFolder());
      try {
        await run.journal();
        for (const action of steps) await run.take(action);
        await run.close();
        await run.restoreQuarantine();
        run.store.failures.length = 0;
        await run.drain([]);
        const expected = [...run.acknowledged].sort((a, b) => a - b);
        expect(run.store.numbers().sort((a, b) => a - b)).toEqual(expected);
      } finally {
        await run.close();
        await rm(run.folder, { recursive: true });
      }
    }),
    { numRuns: 150 },
  );
});
