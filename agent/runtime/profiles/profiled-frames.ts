import { relative } from "node:path";
import { isPackageFile } from "../../source-maps/original-frame.ts";
import type { SourceMaps } from "../../source-maps/source-maps.ts";
import { toFilePath } from "../block-stack.ts";

/** A function, as V8 names it in profiles. Its place is that of its definition, from 0. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** A function of a profile, for people. */
export interface ProfiledFrame {
  /** `toLine (src/invoices.ts:25)`; of what is not the application's: `query [pg]`, `parse [node]`, `(idle)`. */
  readonly label: string;
  /** The package, or "node"; "" for the application's own and for V8's, such as `(idle)`. */
  readonly owner: string;
  /** Where it is defined, in the sources; "" and 0 unless it is the application's. */
  readonly filePath: string;
  readonly lineNumber: number;
  readonly functionName: string;
}

const lastColumn = 2 ** 30;

/** Names the functions of a profile. */
export class ProfiledFrames {
  readonly #maps: SourceMaps;
  readonly #folder: string;
  readonly #known = new Map<string, ProfiledFrame>();

  /** Paths of the application's files are told from `folder` on. */
  constructor(maps: SourceMaps, folder: string) {
    this.#maps = maps;
    this.#folder = folder;
  }

  of(frame: CallFrame): ProfiledFrame {
    const key = keyOf(frame);
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#name(frame);
      this.#known.set(key, known);
    }
    return known;
  }

  /** The line of its sources that a line of the compiled function came from; its first one when that is not known. */
  lineOf(frame: CallFrame, compiledLine: number): number {
    const { filePath, lineNumber } = this.of(frame);
    const place = {
      filePath: toFilePath(frame.url),
      lineNumber: compiledLine,
      columnNumber: lastColumn,
    };
    const original = this.#maps.find(place);
    if (original === undefined) return compiledLine;
    const isInFunction =
      original !== "generated" &&
      original.filePath === filePath &&
      original.lineNumber >= lineNumber;
    return isInFunction ? original.lineNumber : lineNumber;
  }

  /** `label` with another line. */
  labelAt({ functionName, filePath }: ProfiledFrame, lineNumber: number): string {
    return `${functionName} (${this.#shorten(filePath)}:${lineNumber})`;
  }

  #name(frame: CallFrame): ProfiledFrame {
    const functionName = clean(frame.functionName) || "(anonymous)";
    if (frame.url === "" && functionName.startsWith("(") && functionName !== "(anonymous)") {
      return toForeign(functionName, functionName, "");
    }
    const compiledPath = toFilePath(frame.url);
    if (frame.url === "" || compiledPath.startsWith("node:") || compiledPath === "(other)") {
      return toForeign(`${functionName} [node]`, functionName, "node");
    }
    const place = {
      filePath: compiledPath,
      lineNumber: frame.lineNumber + 1,
      columnNumber: frame.columnNumber + 1,
    };
    const original = this.#maps.find(place);
    const { filePath, lineNumber } =
      original === undefined || original === "generated" ? place : original;
    const isAgent = compiledPath.startsWith(import.meta.dirname);
    if (isAgent || isPackageFile(filePath)) {
      const owner = isAgent ? "@culprit/agent" : packageOf(filePath);
      return toForeign(`${functionName} [${owner}]`, functionName, owner);
    }
    const label = `${functionName} (${this.#shorten(filePath)}:${lineNumber})`;
    return { label, owner: "", filePath, lineNumber, functionName };
  }

  #shorten(filePath: string): string {
    const path = clean(relative(this.#folder, filePath));
    return path.startsWith("..") ? clean(filePath) : path;
  }
}

export function keyOf({ functionName, url, lineNumber, columnNumber }: CallFrame): string {
  return `${lineNumber}:${columnNumber}:${functionName}\n${url}`;
}

function toForeign(label: string, functionName: string, owner: string): ProfiledFrame {
  return { label, owner, filePath: "", lineNumber: 0, functionName };
}

/** What folded stacks and lists use themselves. */
function clean(name: string): string {
  return name.slice(0, 200).replaceAll(/[;\n]/g, ":");
}

function packageOf(filePath: string): string {
  const at = filePath.lastIndexOf("node_modules") + "node_modules".length + 1;
  const [scope = "", name = ""] = filePath.slice(at).split(/[\\/]/, 2);
  return scope.startsWith("@") ? `${scope}/${name}` : scope;
}
