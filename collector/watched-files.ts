import { readFile, stat } from "node:fs/promises";
import { errorCode } from "./collector-error.ts";

export interface WatchedFiles {
  /** Looks now. What is wrong with the new contents goes to `onError`; the former ones stay in use. */
  check(): Promise<void>;
  close(): void;
}

export interface WatchOptions {
  /** The text of each file, undefined where there is none; may throw, and then keeps what it had. */
  readonly take: (texts: readonly (string | undefined)[]) => void;
  readonly onError: (error: unknown) => void;
  readonly intervalMs?: number;
}

/** Keys and certificates are a few KiB. */
const fileBytesMax = 2 ** 20;

/** A change is in use so much later, and what reading takes. */
const defaultIntervalMs = 2000;

/**
 * Hands the files' texts to `take`, now and after each change; throws when that fails now. It reads instead of listening:
 * a Kubernetes Secret is a link to a folder that is swapped, and file events miss that.
 */
export async function watchFiles(
  paths: readonly string[],
  { take, onError, intervalMs = defaultIntervalMs }: WatchOptions,
): Promise<WatchedFiles> {
  let known = await readTexts(paths);
  take(known);
  let lastError = "";
  const check = async () => {
    try {
      const texts = await readTexts(paths);
      if (texts.every((text, i) => text === known[i])) return;
      known = texts;
      take(texts);
      lastError = "";
    } catch (error) {
      // A file that can't be read is met again at every look, and told of once.
      if (String(error) !== lastError) onError(error);
      lastError = String(error);
    }
  };
  const timer = setInterval(check, intervalMs).unref();
  return { check, close: () => clearInterval(timer) };
}

function readTexts(paths: readonly string[]): Promise<(string | undefined)[]> {
  return Promise.all(paths.map(readText));
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > fileBytesMax) throw new Error(`${path} is over ${fileBytesMax} bytes`);
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
