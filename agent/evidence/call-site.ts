import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { countDropped } from "../diagnostics.ts";

/** Where the application made a call: `code.file.path`, `code.line.number`, `code.function.name`. */
export interface CallSite {
  readonly filePath: string;
  /** From 1. */
  readonly lineNumber: number;
  /** Undefined in an anonymous function and at the top of a module. */
  readonly functionName: string | undefined;
  /**
   * This frame and those of the same file above it, with the first of another, a line each: `line:column:file`, a tab,
   * and the function's name. Where the code is compiled, the agent's thread looks them up in its source map; of a
   * bundle the first may be a package's. One text, because it is handed to another thread.
   */
  readonly frames: string;
}

/** The part of V8's structured stack frame that is read. */
export interface Frame {
  getFileName(): string | null | undefined;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
  getFunctionName(): string | null;
}

/** Deep enough for a query through a library; each frame costs about a microsecond. */
const queryFramesMax = 16;

/** Frames above `caller` up to the first of the application's. Never throws; costs about 12 µs. */
export function captureCallSite(
  caller: (...args: never[]) => unknown,
  framesMax = queryFramesMax,
): CallSite | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const target: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = framesMax;
    Error.prepareStackTrace = (_error, frames) => frames;
    Error.captureStackTrace(target, caller);
    // The stack is made when it is first read, by the function above.
    return findCallSite(target.stack as Frame[]);
  } catch {
    // `Error` may be frozen.
    countDropped("call_site_failed");
    return undefined;
  } finally {
    if (Error.prepareStackTrace !== prepareStackTrace) Error.prepareStackTrace = prepareStackTrace;
    if (Error.stackTraceLimit !== stackTraceLimit) Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What compilers put into the application's files for decorators. */
const decoratorHelper = /^_+(ts_)?decorate/;

/** The first frame that is neither Node's, nor a package's, nor a compiler's, nor ours. */
export function findCallSite(frames: readonly Frame[]): CallSite | undefined {
  let first: Omit<CallSite, "frames"> | undefined;
  let text = "";
  for (const frame of frames) {
    const filePath = toApplicationFile(frame.getFileName());
    if (filePath === undefined) continue;
    const lineNumber = frame.getLineNumber() ?? 0;
    const functionName = frame.getFunctionName() ?? undefined;
    if (functionName !== undefined && decoratorHelper.test(functionName)) continue;
    first ??= { filePath, lineNumber, functionName };
    text += `${lineNumber}:${frame.getColumnNumber() ?? 0}:${filePath}\t${functionName ?? ""}\n`;
    if (filePath !== first.filePath) break;
  }
  return first && { ...first, frames: text };
}

/** Once built, the agent is one folder. */
const ownFolder = join(import.meta.dirname, "/");

function toApplicationFile(name: string | null | undefined): string | undefined {
  if (!name || name.startsWith("node:") || /[\\/]node_modules[\\/]/.test(name)) return undefined;
  const filePath = name.startsWith("file:") ? fileURLToPath(name) : name;
  const isOwn = filePath.startsWith(ownFolder) && filePath.endsWith(".cjs");
  return isOwn ? undefined : filePath;
}
