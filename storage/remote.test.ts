import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { toPortChannel } from "./port-channel.ts";
import { connectStore, serveStore } from "./remote.ts";
import { StorageError } from "./store.ts";
import type { Pieces, StoreCalls } from "./store-calls.ts";

const query = { name: "answer", sql: "SELECT 42" };

const unanswered: StoreCalls = {
  insertBlocks: () => new Promise(() => undefined),
  insertRows: () => new Promise(() => undefined),
  select: () => new Promise(() => undefined),
};

function connect(calls: Partial<StoreCalls>) {
  const { port1, port2 } = new MessageChannel();
  serveStore({ ...unanswered, ...calls }, toPortChannel(port1));
  return { store: connectStore(toPortChannel(port2)), end: () => port1.close() };
}

test("a call arrives with its arguments, and its result comes back parsed", async () => {
  const { store, end } = connect({
    select: async (...values) => [Buffer.from(JSON.stringify([values]))],
  });
  expect(await store.select(query, { traceIds: ["a"] })).toEqual([
    ["rows", query, { traceIds: ["a"] }],
  ]);
  end();
});

test("a result of no bytes is one of no rows", async () => {
  const { store, end } = connect({ select: async () => [] });
  expect(await store.selectNative(query, {})).toMatchObject({ rows: 0 });
  end();
});

test("calls under way side by side get each their own result, in whatever order they end", async () => {
  const answers: ((pieces: Pieces) => void)[] = [];
  const { store, end } = connect({
    select: () =>
      new Promise((resolve) => {
        answers.unshift(resolve);
        if (answers.length === 3)
          answers.forEach((answer, i) => void answer([Buffer.from(`[${2 - i}]`)]));
      }),
  });
  const results = [0, 1, 2].map(() => store.select(query, {}));
  expect(await Promise.all(results)).toEqual([[0], [1], [2]]);
  end();
});

test("a result in pieces is put together, and others have their turn between them", async () => {
  const text = JSON.stringify(Array.from({ length: 1_000 }, (_, i) => `ü${i}`));
  const bytes = Buffer.from(text);
  const ofSize = (size: number) =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
  const { store, end } = connect({
    select: async (_shape, { name }) => ofSize(name === "slow" ? 1 : bytes.length),
  });
  const ended: string[] = [];
  const ask = (name: string) =>
    store.select({ name, sql: "" }, {}).then((result) => {
      ended.push(name);
      return result;
    });
  expect(await Promise.all([ask("slow"), ask("quick")])).toEqual([
    JSON.parse(text),
    JSON.parse(text),
  ]);
  expect(ended).toEqual(["quick", "slow"]);
  end();
});

test("an error keeps its code", async () => {
  const { store, end } = connect({
    insertBlocks: async () => {
      throw new StorageError("INSERT_FAILED", "no such file");
    },
  });
  const insert = store.insertBlocks("spans", "a.native", "a");
  await expect(insert).rejects.toBeInstanceOf(StorageError);
  await expect(insert).rejects.toMatchObject({ code: "INSERT_FAILED", message: "no such file" });
  end();
});

test("calls under way reject when the channel closes, and later ones at once", async () => {
  const { store, end } = connect({});
  const insert = store.insertBlocks("spans", "a.native", "a");
  end();
  await expect(insert).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await expect(store.select(query, {})).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

test("closing one end rejects its calls and leaves the store to the others", async () => {
  const { port1, port2 } = new MessageChannel();
  const calls = { ...unanswered, select: async () => [Buffer.from("[1]")] };
  serveStore(calls, toPortChannel(port1));
  const store = connectStore(toPortChannel(port2));
  const insert = store.insertBlocks("spans", "a.native", "a");
  await store.close();
  await expect(insert).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  port1.close();

  const other = connect(calls);
  expect(await other.store.select(query, {})).toEqual([1]);
  other.end();
});

test("more than 256 calls under way are refused, not queued", async () => {
  const { store, end } = connect({});
  const results = Array.from({ length: 300 }, () =>
    store.select(query, {}).catch((error) => error.message),
  );
  const refused = await Promise.all(results.slice(256));
  expect(new Set(refused)).toEqual(new Set(["too many calls under way"]));
  end();
  expect(new Set(await Promise.all(results.slice(0, 256)))).toEqual(
    new Set(["the store's channel closed"]),
  );
});
