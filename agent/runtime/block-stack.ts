import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";

/** A frame of a stack, innermost first. */
export interface StackFrame {
  /** "" when it has no name. */
  readonly functionName: string;
  /** `file:` URL, `node:` name, path, or whatever else the script was loaded from. */
  readonly url: string;
  /** From 1. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

const textFramesMax = 16;

/** A path, `node:…`, or "(other)": source that was evaluated or fetched may have anything for a name. */
export function toFilePath(url: string): string {
  if (url.startsWith("node:") || isAbsolute(url)) return url;
  return url.startsWith("file:") ? fileURLToPath(url) : "(other)";
}

/** The first frame that is neither Node's nor a package's nor WebAssembly; else the first of a package. */
export function findCulprit(frames: readonly StackFrame[]): StackFrame | undefined {
  const inFiles = frames.filter(({ url }) => url.startsWith("file:") || isAbsolute(url));
  return inFiles.find(({ url }) => !/[\\/]node_modules[\\/]/.test(url)) ?? inFiles[0];
}

/** As V8 writes it below an error's message. */
export function toStackText(frames: readonly StackFrame[]): string {
  return frames
    .slice(0, textFramesMax)
    .map(({ functionName, url, lineNumber, columnNumber }) => {
      const name = functionName || "<anonymous>";
      return `    at ${name} (${toFilePath(url)}:${lineNumber}:${columnNumber})`;
    })
    .join("\n");
}

/** Of stacks that were taken while one block lasted: the first of those whose culprit was seen most often. */
export function findTypicalStack<Stack extends { readonly frames: readonly StackFrame[] }>(
  stacks: readonly Stack[],
): Stack | undefined {
  const groups = Map.groupBy(stacks, ({ frames }) => {
    const culprit = findCulprit(frames);
    return culprit && `${culprit.url}:${culprit.functionName}`;
  });
  let most: readonly Stack[] = [];
  for (const group of groups.values()) if (group.length > most.length) most = group;
  return most[0];
}
