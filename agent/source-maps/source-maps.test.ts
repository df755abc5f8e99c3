import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findOriginalFrame } from "./original-frame.ts";
import { SourceMaps } from "./source-maps.ts";

let folder: string;
let drops = 0;
const onDrop = () => {
  drops += 1;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-source-maps-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  drops = 0;
});

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** Line 1 of the compiled file is line 5 of the source. */
const toMap = (source: string, more: object = {}) =>
  JSON.stringify({ version: 3, sources: [source], names: [], mappings: "AAIA", ...more });
const base64 = (text: string) => Buffer.from(text).toString("base64");
const at = (filePath: string) => ({ filePath, lineNumber: 1, columnNumber: 10 });
const found = (file: string) => ({ filePath: join(folder, file), lineNumber: 5, columnNumber: 1 });

describe("the source of a place", () => {
  it.each([
    ["a file beside it", "sourceMappingURL=beside.js.map", "dist/beside.js.map"],
    ["a file elsewhere", "sourceMappingURL=../maps/elsewhere.map", "maps/elsewhere.map"],
  ])("is in a map that is %s", async (_, comment, mapFile) => {
    await write(mapFile, toMap("../src/orders.ts"));
    const file = await write("dist/compiled.js", `code();\n//# ${comment}\n`);
    expect(new SourceMaps(onDrop).find(at(file))).toEqual(found("src/orders.ts"));
  });

  it.each([
    ["in base 64", `data:application/json;charset=utf-8;base64,${base64(toMap("in.ts"))}`],
    ["percent-encoded", `data:application/json,${encodeURIComponent(toMap("in.ts"))}`],
  ])("is in a map within the file, %s", async (_, url) => {
    const file = await write("dist/inline.js", `code();\n//# sourceMappingURL=${url}`);
    expect(new SourceMaps(onDrop).find(at(file))).toEqual(found("dist/in.ts"));
  });

  it("starts from sourceRoot, and of a bundler's scheme is the path in the project", async () => {
    const rooted = await write("dist/rooted.js", "code();\n//# sourceMappingURL=rooted.map");
    await write("dist/rooted.map", toMap("orders.ts", { sourceRoot: "../lib" }));
    const packed = await write("dist/packed.js", "code();\n/*# sourceMappingURL=packed.map */");
    await write("dist/packed.map", toMap("webpack://shop/./src/orders.ts?1a2b"));
    const maps = new SourceMaps(onDrop);
    expect(maps.find(at(rooted))).toEqual(found("lib/orders.ts"));
    expect(maps.find(at(packed))).toMatchObject({ filePath: "src/orders.ts", lineNumber: 5 });
  });

  it("is the place itself where there is no map, and no file", async () => {
    const plain = await write("plain.js", "const text = 'sourceMappingURL=plain.js.map';\n");
    const lost = await write("lost.js", "code();\n//# sourceMappingURL=lost.js.map\n");
    const remote = await write("remote.js", "//# sourceMappingURL=https://cdn.example/a.map\n");
    const maps = new SourceMaps(onDrop);
    const places = [
      plain,
      lost,
      remote,
      join(folder, "none.js"),
      "node:fs",
      "evalmachine.<anonymous>",
    ];
    for (const file of places) expect(maps.find(at(file))).toBeUndefined();
    expect(drops).toBe(0);
  });

  it("is generated where the map has nothing of it", async () => {
    const file = await write("helpers.js", "helper();\n//# sourceMappingURL=helpers.map\n");
    await write("helpers.map", toMap("a.ts", { mappings: ";AAAA" }));
    expect(new SourceMaps(onDrop).find(at(file))).toBe("generated");
  });
});

describe("source maps", () => {
  it("that are malformed leave the place as it is, are counted, and are read once", async () => {
    const file = await write("broken.js", "code();\n//# sourceMappingURL=broken.js.map\n");
    await write("broken.js.map", '{"version":3,"sources":["a.ts"],"mappings":"!!"}');
    const maps = new SourceMaps(onDrop);
    expect(maps.find(at(file))).toBeUndefined();
    expect(maps.find({ ...at(file), columnNumber: 3 })).toBeUndefined();
    expect(drops).toBe(1);
  });

  it("are given up beyond so many bytes", async () => {
    const file = await write("large.js", "code();\n//# sourceMappingURL=large.js.map\n");
    await write("large.js.map", toMap("a.ts", { sourcesContent: ["x".repeat(33 * 2 ** 20)] }));
    expect(new SourceMaps(onDrop).find(at(file))).toBeUndefined();
    expect(drops).toBe(1);
  });

  it("of megabytes are found in, and cost memory for their mappings alone", async () => {
    const lines = 200_000;
    const file = await write("huge.js", "code();\n//# sourceMappingURL=huge.js.map\n");
    const mappings = `AAAA${";AACA,SAAS,KAAK".repeat(lines)}`;
    await write("huge.js.map", toMap("a.ts", { mappings, sourcesContent: ["x".repeat(2 ** 22)] }));
    const maps = new SourceMaps(onDrop);
    for (const line of [1, 77_777, lines]) {
      expect(maps.find({ filePath: file, lineNumber: line, columnNumber: 1 })).toMatchObject({
        lineNumber: line,
      });
    }
    expect(drops).toBe(0);
  });

  it("are forgotten, the oldest first, beyond so many bytes and files", async () => {
    const limits = [{ bytesMax: 2_500 }, { filesMax: 2 }];
    for (const [i, limit] of limits.entries()) {
      const files = await Promise.all([1, 2, 3].map((file) => writeMapped(`many/${i}${file}.js`)));
      const maps = new SourceMaps(onDrop, limit);
      for (const file of files) maps.find(at(file));
      await Promise.all(files.map((file) => rm(file)));
      const later = files.toReversed().map((file) => maps.find({ ...at(file), columnNumber: 20 }));
      expect(later.map((it) => it !== undefined)).toEqual([true, true, false]);
    }
  });

  function writeMapped(name: string): Promise<string> {
    const map = base64(toMap("a.ts", { mappings: `AAIA${";".repeat(1_000)}` }));
    return write(name, `code();\n//# sourceMappingURL=data:application/json;base64,${map}`);
  }

  it("are read for so long in a minute, and no longer", async () => {
    const file = await write("late.js", "code();\n//# sourceMappingURL=late.js.map\n");
    await write("late.js.map", toMap("late.ts"));
    const maps = new SourceMaps(onDrop, { readMsMax: 0 });
    expect(maps.find(at(file))).toBeUndefined();
    expect(drops).toBe(1);
  });
});

describe("the original frame of a call", () => {
  const toText = (frames: readonly (readonly [string, string, number?])[]) =>
    frames.map(([file, name, line = 1]) => `${line}:10:${file}\t${name}\n`).join("");

  it("is the first of the application's own, behind packages of the same bundle", async () => {
    const map = {
      version: 3,
      sources: ["../node_modules/knex/lib/client.js", "../src/orders.ts"],
      mappings: "AAAA;AAAA;ACMA",
    };
    const url = `data:application/json;base64,${base64(JSON.stringify(map))}`;
    const bundle = await write("dist/bundle.js", `a\nb\nc\nd\n//# sourceMappingURL=${url}`);
    const maps = new SourceMaps(onDrop);
    const frames = toText([
      [bundle, "query", 1],
      [bundle, "run", 2],
      [bundle, "listOrders", 3],
    ]);
    expect(findOriginalFrame(frames, maps)).toEqual({
      filePath: join(folder, "src/orders.ts"),
      lineNumber: 7,
      columnNumber: 1,
      functionName: "listOrders",
    });
    // A compiler's helper has no source.
    expect(
      findOriginalFrame(
        toText([
          [bundle, "helper", 4],
          [bundle, "list", 3],
        ]),
        maps,
      ),
    ).toMatchObject({ functionName: "list" });
    expect(findOriginalFrame(toText([[bundle, "query", 1]]), maps)).toMatchObject({
      functionName: "query",
    });
  });

  it("is left as it is where the first frame is not compiled", () => {
    const maps = new SourceMaps(onDrop);
    expect(findOriginalFrame(toText([["/nowhere/app.js", "list"]]), maps)).toBeUndefined();
    expect(findOriginalFrame("", maps)).toBeUndefined();
  });
});
