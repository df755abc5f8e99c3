import type { SourceMaps } from "./source-maps.ts";

/** Where a call was made, in the application's own sources. */
interface OriginalFrame {
  readonly filePath: string;
  readonly lineNumber: number;
  /** "" when it has no name. */
  readonly functionName: string;
}

/** Of a bundler's names of sources, too. */
export function isPackageFile(filePath: string): boolean {
  return /(^|[\\/])node_modules[\\/]/.test(filePath);
}

/**
 * The innermost frame that the application's author wrote, of `CallSite`'s text: in a bundle packages lie in the same
 * file, and a compiler adds code of its own. Undefined when the first frame is not compiled.
 */
export function findOriginalFrame(frames: string, maps: SourceMaps): OriginalFrame | undefined {
  let ofPackage: OriginalFrame | undefined;
  for (const line of frames.split("\n")) {
    const parts = /^(\d+):(\d+):(.*)\t(.*)$/.exec(line);
    if (parts === null) continue;
    const [, lineNumber, columnNumber, filePath = "", functionName = ""] = parts;
    const place = { filePath, lineNumber: Number(lineNumber), columnNumber: Number(columnNumber) };
    const original = maps.find(place);
    if (original === "generated") continue;
    if (original === undefined) return ofPackage && { ...place, functionName };
    const frame = { ...original, functionName };
    if (!isPackageFile(original.filePath)) return frame;
    ofPackage ??= frame;
  }
  return ofPackage;
}
