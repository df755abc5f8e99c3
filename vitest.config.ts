import { defineConfig } from "vitest/config";

/** Two lanes: `unit` is part of `npm run check`; `end-to-end` starts real processes, PostgreSQL and a browser. */
export default defineConfig({
  test: {
    // chDB that is first loaded in a worker thread ends the process with a segmentation fault: forks only.
    pool: "forks",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", "test/end-to-end/**"],
        },
      },
      {
        extends: true,
        test: {
          name: "end-to-end",
          include: ["test/end-to-end/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
