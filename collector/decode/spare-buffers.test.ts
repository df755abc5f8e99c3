import { expect, test } from "vitest";
import { SpareBuffers } from "./spare-buffers.ts";

const megabyte = 1024 * 1024;

test("a block takes the memory of one that was written, if it fits", () => {
  const spare = new SpareBuffers();
  const written = spare.take(megabyte);
  spare.add(written.buffer);
  const larger = spare.take(2 * megabyte);
  expect(larger.buffer).not.toBe(written.buffer);
  const smaller = spare.take(megabyte - 5);
  expect(smaller.buffer).toBe(written.buffer);
  expect([smaller.byteOffset, smaller.length]).toEqual([0, megabyte - 5]);
  expect(spare.take(megabyte).buffer).not.toBe(written.buffer);
  expect(spare.bytes).toBe(0);
});

test("a buffer has room for a block that is a little larger", () => {
  const spare = new SpareBuffers();
  const first = spare.take(megabyte + 1);
  spare.add(first.buffer);
  expect(spare.take(megabyte + 200_000).buffer).toBe(first.buffer);
});

test("the largest is handed out to who does not know its size yet", () => {
  const spare = new SpareBuffers();
  const buffers = [1, 3, 2].map((megabytes) => new ArrayBuffer(megabytes * megabyte));
  for (const buffer of buffers) spare.add(buffer);
  expect(spare.takeLargest()).toBe(buffers[1]);
  expect(spare.bytes).toBe(3 * megabyte);
  expect([spare.takeLargest(), spare.takeLargest()]).toEqual([buffers[2], buffers[0]]);
  expect(spare.takeLargest()).toBeUndefined();
  expect(spare.bytes).toBe(0);
});

test("more than the limit is freed, the oldest first", () => {
  const spare = new SpareBuffers({ bytesMax: 2 * megabyte });
  const buffers = [1, 2, 3].map(() => new ArrayBuffer(megabyte));
  expect(spare.hasRoom(new ArrayBuffer(2 * megabyte))).toBe(true);
  expect(spare.hasRoom(new ArrayBuffer(2 * megabyte + 1))).toBe(false);
  for (const buffer of buffers) spare.add(buffer);
  expect(spare.hasRoom(new ArrayBuffer(1))).toBe(false);
  expect(buffers.map(({ detached }) => detached)).toEqual([true, false, false]);
  expect(spare.bytes).toBe(2 * megabyte);
});

test("a small block gets memory of its own size", () => {
  expect(new SpareBuffers().take(1000).buffer.byteLength).toBe(1000);
});
