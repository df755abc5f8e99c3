import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findServiceName } from "./service-name.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "culprit-service-name-"));
  mkdirSync(join(folder, "dist/server"), { recursive: true });
  mkdirSync(join(folder, "node_modules/next/dist/bin"), { recursive: true });
  writeFileSync(join(folder, "package.json"), `{"name":"shop"}`);
  writeFileSync(join(folder, "node_modules/next/package.json"), `{"name":"next"}`);
});
afterEach(() => rmSync(folder, { recursive: true }));

it("service name is that of the package nearest above the main file", () => {
  expect(findServiceName(join(folder, "dist/server/main.js"), "/")).toBe("shop");
});

it("service name passes over manifests that are broken or have no name", () => {
  writeFileSync(join(folder, "dist/server/package.json"), `{"type":"commonjs"}`);
  writeFileSync(join(folder, "dist/package.json"), "{");
  expect(findServiceName(join(folder, "dist/server/main.js"), "/")).toBe("shop");
});

it("service name is the working directory's when a tool or no file runs", () => {
  const tool = join(folder, "node_modules/next/dist/bin/next");
  expect(findServiceName(tool, folder)).toBe("shop");
  expect(findServiceName(undefined, folder)).toBe("shop");
});

it("service name is left open without any manifest", () => {
  expect(findServiceName("/main.js", "/")).toBeUndefined();
});
