import { defineConfig } from "vitest/config";

/** What takes long or starts real processes, PostgreSQL or a browser. */
const slow = [
  "test/{end-to-end,libraries,storage}/**/*.test.ts",
  "test/conformance/attacks*.test.ts",
];

/** Two lanes: `unit` is part of `npm run check`, `end-to-end` of `npm test`. */
export default defineConfig({
  test: {
    // chDB that is first loaded in a worker thread ends the process with a segmentation fault: forks only.
    pool: "forks",
    // A thread that runs TypeScript strips its types with WebAssembly. Where the processor has protection keys, V8's
    // record of code pages may lose one to a thread that ends, and V8 aborts ("Check failed: jit_page.has_value()").
    // The built threads are JavaScript.
    execArgv: ["--no-memory-protection-keys"],
    // The unit lane waits for processes and disks as much as it computes: it may have every core.
    maxWorkers: "100%",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          // Not a measure of speed: a machine that does other work as well must not fail a test.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", ...slow],
        },
      },
      {
        extends: true,
        test: {
          name: "end-to-end",
          include: slow,
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
