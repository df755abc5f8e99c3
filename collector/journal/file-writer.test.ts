import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { openJournal } from "./journal.ts";
import { entryForTests, StoreForTests, temporaryFolder } from "./store-for-tests.ts";

test("while an insert is under way the next file stays open, up to its size", async () => {
  const folder = await temporaryFolder();
  const store = new StoreForTests();
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const journal = await openJournal({
    folder,
    insert: async (file, token) => {
      begun.resolve();
      await gate.promise;
      await store.insert(file, token);
    },
    bytesMax: 2 ** 20,
    now: Date.now,
    log: () => {},
    groupMs: 1,
    closeAfterMs: 5,
    closeAfterRows: 20,
  });
  await journal.append(entryForTests(0));
  await begun.promise;
  // Each waits for a group of a millisecond and an fsync: the file's time is over long before the last.
  for (let number = 1; number <= 25; number++) await journal.append(entryForTests(number));
  expect(journal.stats().files).toBe(3);
  gate.resolve();
  await journal.drain();
  expect([...store.filesByToken.values()].map((file) => file.length / 40)).toEqual([1, 20, 5]);
  expect(store.numbers()).toEqual(Array.from({ length: 26 }, (_, i) => i));
  await journal.close();
  await rm(folder, { recursive: true });
});
