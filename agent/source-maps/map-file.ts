import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readSourceMap, type SourceMap } from "./source-map.ts";

/** The map of a compiled file, and the folder that the names of its sources start from. */
export interface FileMap {
  readonly map: SourceMap;
  readonly folder: string;
}

/** Beyond it a file is not read: neither compiled code nor a map. */
const fileBytesMax = 32 * 1024 * 1024;

const mark = Buffer.from("sourceMappingURL=");
const urlBytesMax = 4_096;

/**
 * The map that the last `//# sourceMappingURL=` of a file names, in a file beside it or within it. Undefined without
 * one. Throws what the file system or a malformed map throws, and a RangeError for a file that is too large.
 */
export function readMapOf(file: string): FileMap | undefined {
  const code = readBounded(file);
  const at = code.lastIndexOf(mark);
  if (at === -1) return undefined;
  const from = at + mark.length;
  const lineEnd = code.indexOf(0x0a, from);
  const end = lineEnd === -1 ? code.length : lineEnd;
  // A template of code that makes code, or a text that speaks of it.
  if (!/\/[/*][#@]\s*$/.test(code.toString("latin1", Math.max(0, at - 8), at))) return undefined;
  if (code.toString("latin1", from, from + 5) === "data:") {
    return { map: readSourceMap(decodeDataUrl(code.subarray(from, end))), folder: dirname(file) };
  }
  if (end - from > urlBytesMax) return undefined;
  const url = code.toString("utf8", from, end).replace(/\s*(\*\/)?\s*$/, "");
  const { href, protocol } = new URL(url, pathToFileURL(file));
  if (protocol !== "file:") return undefined;
  const mapFile = fileURLToPath(href);
  return { map: readSourceMap(readBounded(mapFile)), folder: dirname(mapFile) };
}

/** An absolute path; of a bundler's own scheme (`webpack://shop/./src/main.ts`) the path in the project. */
export function toSourceFile(source: string, folder: string): string {
  if (source.startsWith("file:")) return fileURLToPath(source);
  const isPath = isAbsolute(source) || !/^[\w+.-]{2,}:/.test(source);
  if (isPath) return resolve(folder, source);
  return source.replace(/^[\w+.-]+:(\/\/[^/]*)?\/*/, "").replace(/^(\.\/)+|\?.*$/g, "");
}

function readBounded(file: string): Buffer {
  const stats = statSync(file);
  if (!stats.isFile() || stats.size > fileBytesMax) {
    throw new RangeError(`${file} is no file of up to ${fileBytesMax} bytes`);
  }
  return readFileSync(file);
}

function decodeDataUrl(url: Buffer): Buffer {
  const comma = url.indexOf(0x2c);
  const isBase64 = url.toString("latin1", 0, comma).endsWith(";base64");
  const data = url.toString("latin1", comma + 1);
  return isBase64 ? Buffer.from(data, "base64") : Buffer.from(decodeURIComponent(data.trim()));
}
