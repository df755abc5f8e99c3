import { expect, test } from "vitest";
import { freeBytes } from "../free-bytes.ts";
import { type AppendedBlock, SharedAppends } from "./shared-appends.ts";

const share = (
  block: Uint8Array<ArrayBuffer>,
  bodyHash: string,
  rows: number,
  requests: number,
) => ({
  block,
  bodyHash,
  rows,
  requests,
});

test("a block is appended when the last of its requests has come, with the hashes of those that have rows", async () => {
  const appended: AppendedBlock[] = [];
  const appends = new SharedAppends(async (entry) => void appended.push(entry), freeBytes);
  const [one, other] = [new Uint8Array(5), new Uint8Array(6)];
  const first = appends.add(share(one, "a", 2, 3));
  await appends.add(share(other, "x", 1, 1));
  const second = appends.add(share(one, "b", 0, 3));
  expect(appended.map(({ bodyHashes }) => bodyHashes)).toEqual([["x"]]);
  const third = appends.add(share(one, "c", 3, 3));
  await Promise.all([first, second, third]);
  expect(appended[1]).toMatchObject({ rows: 5, bodyHashes: ["a", "c"] });
  expect([one.length, other.length]).toEqual([0, 0]);
});

test("a block that can't be appended fails for each of its requests, and is released", async () => {
  const appends = new SharedAppends(() => Promise.reject(new Error("disk")), freeBytes);
  const block = new Uint8Array(5);
  const adding = ["a", "b"].map((hash) => appends.add(share(block, hash, 1, 2)));
  const settled = await Promise.allSettled(adding);
  expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(block.length).toBe(0);
});

test("a block without rows is not appended", async () => {
  const appended: AppendedBlock[] = [];
  const appends = new SharedAppends(async (entry) => void appended.push(entry), freeBytes);
  const block = new Uint8Array(0);
  await Promise.all(["a", "b"].map((hash) => appends.add(share(block, hash, 0, 2))));
  expect(appended).toEqual([]);
});
