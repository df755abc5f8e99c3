import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

/** Work that ends when it is told to. */
function createWork() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isRunning = false;
  return {
    run: () => {
      isRunning = true;
      return promise;
    },
    end: resolve,
    isRunning: () => isRunning,
  };
}

test("two run at once, the third waits for its turn", async () => {
  const gate = createGate();
  const works = [createWork(), createWork(), createWork()];
  const results = works.map(({ run }) => gate(run));
  expect(works.map(({ isRunning }) => isRunning())).toEqual([true, true, false]);
  works[0]!.end();
  await results[0];
  expect(works[2]!.isRunning()).toBe(true);
  works[1]!.end();
  works[2]!.end();
  await Promise.all(results);
});

test("work that fails gives its place back", async () => {
  const gate = createGate();
  for (let i = 0; i < 5; i++) {
    await expect(gate(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  }
  await expect(gate(async () => "done")).resolves.toBe("done");
});

test("beyond what may wait, it is refused at once, and works again afterwards", async () => {
  const gate = createGate();
  const works = Array.from({ length: 34 }, createWork);
  const results = works.map(({ run }) => gate(run));
  await expect(gate(async () => "late")).rejects.toMatchObject({ code: "TOO_MANY_READS" });
  for (const { end } of works) end();
  await Promise.all(results);
  await expect(gate(async () => "done")).resolves.toBe("done");
});
