import { expect, it } from "vitest";
import { isImportSafe } from "./is-import-safe.ts";

it("is told for the versions of Node that were tried", () => {
  const tried = ["22.15.0", "22.22.0", "22.23.3", "24.0.0", "24.11.0", "24.14.0", "24.21.0"];
  expect(tried.filter(isImportSafe)).toEqual(["22.23.3", "24.14.0", "24.21.0"]);
});

it("is assumed of newer lines, and not of those in between", () => {
  expect(["20.19.0", "23.11.0", "25.1.0"].filter(isImportSafe)).toEqual([]);
  expect(isImportSafe("26.0.0")).toBe(true);
});
