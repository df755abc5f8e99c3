import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceMaps } from "./source-maps.ts";

const linesMax = 64;
const lineCharactersMax = 1_024;

/** The text of a stack, as V8 writes it, with the places that the authors of its code wrote. */
export function toOriginalText(stack: string, maps: SourceMaps): string {
  return stack
    .split("\n")
    .map((line, i) => (i < linesMax ? toOriginalLine(line, maps) : line))
    .join("\n");
}

/** `    at list (/app/main.js:1:2)`, `    at async /app/main.js:1:2`. */
function toOriginalLine(line: string, maps: SourceMaps): string {
  if (line.length > lineCharactersMax) return line;
  const parts = /^(\s+at (?:async )?(?:.* \()?)(.+):(\d+):(\d+)(\)?)$/.exec(line);
  if (parts === null) return line;
  const [, before = "", pathOrUrl = "", lineNumber, columnNumber, after = ""] = parts;
  const filePath = pathOrUrl.startsWith("file:") ? fileURLToPath(pathOrUrl) : pathOrUrl;
  if (!isAbsolute(filePath)) return line;
  const place = { filePath, lineNumber: Number(lineNumber), columnNumber: Number(columnNumber) };
  const original = maps.find(place);
  if (original === undefined || original === "generated") return line;
  return `${before}${original.filePath}:${original.lineNumber}:${original.columnNumber}${after}`;
}
