import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { SourceMaps } from "../source-maps/source-maps.ts";
import { findCulprit } from "./block-stack.ts";
import { toOriginalStack } from "./original-stack.ts";

test("frames of compiled code are told from their sources, so that a package in a bundle is no culprit", async () => {
  const folder = await mkdtemp(join(tmpdir(), "culprit-original-stack-"));
  try {
    const map = {
      version: 3,
      sources: ["node_modules/csv/index.js", "src/report.ts"],
      mappings: "AAAA;ACMA",
    };
    const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
    const bundle = join(folder, "bundle.mjs");
    await writeFile(bundle, `stringify();\nreport();\n//# sourceMappingURL=${url}\n`);
    const frame = (functionName: string, lineNumber: number, file: string) => {
      return { functionName, url: file, lineNumber, columnNumber: 1 };
    };
    const frames = [
      frame("stringify", 1, pathToFileURL(bundle).href),
      frame("report", 2, pathToFileURL(bundle).href),
      frame("processTimers", 9, "node:internal/timers"),
    ];
    const original = toOriginalStack(frames, new SourceMaps(() => undefined));
    expect(original).toEqual([
      frame("stringify", 1, join(folder, "node_modules/csv/index.js")),
      frame("report", 7, join(folder, "src/report.ts")),
      frames[2],
    ]);
    expect(findCulprit(original)?.functionName).toBe("report");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
