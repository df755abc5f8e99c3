import type { SourceMaps } from "../source-maps/source-maps.ts";
import { type StackFrame, toFilePath } from "./block-stack.ts";

/** The frames with the places that their authors wrote; those of code that was not compiled stay as they are. */
export function toOriginalStack(frames: readonly StackFrame[], maps: SourceMaps): StackFrame[] {
  return frames.map((frame) => {
    const { url, lineNumber, columnNumber, functionName } = frame;
    const original = maps.find({ filePath: toFilePath(url), lineNumber, columnNumber });
    if (original === undefined || original === "generated") return frame;
    return {
      functionName,
      url: original.filePath,
      lineNumber: original.lineNumber,
      columnNumber: original.columnNumber,
    };
  });
}
