import { defineConfig } from "vitest/config";

/** What takes long or starts real processes, PostgreSQL or a browser. */
const slow = [
  "test/{end-to-end,libraries,storage}/**/*.test.ts",
  "test/conformance/attacks*.test.ts",
];

/** Two lanes: `unit` is part of `npm run check`, `end-to-end` of `npm test`. */
export default defineConfig({
  test: {
    // No measures of speed: a machine that does other work as well must not fail a test. Longer than `patienceMs` of
    // test/support/until.ts, so that what a test waits for in vain says what it was.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 180_000 } },
    setupFiles: ["test/support/same-cases.ts"],
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
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", ...slow],
        },
      },
      {
        extends: true,
        test: {
          name: "end-to-end",
          include: slow,
          fileParallelism: false,
          globalSetup: ["test/support/build-once.ts"],
        },
      },
    ],
  },
});
