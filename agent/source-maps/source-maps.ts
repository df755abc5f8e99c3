import { isAbsolute } from "node:path";
import { type FileMap, readMapOf, toSourceFile } from "./map-file.ts";

/** A place in a file; numbers from 1, as in a stack. */
export interface Place {
  readonly filePath: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

export interface SourceMapsLimits {
  /** Files whose map, or whose lack of one, is remembered. */
  readonly filesMax: number;
  /** Of all maps that are kept. */
  readonly bytesMax: number;
  /** Spent on reading files in one minute; beyond it places stay as they are. */
  readonly readMsMax: number;
}

const defaults: SourceMapsLimits = { filesMax: 500, bytesMax: 16 * 1024 * 1024, readMsMax: 1_000 };
const placesMax = 4_000;

/** Where it was written; "generated": by the compiler. Undefined: in this place, as far as anybody can tell. */
type Original = Place | "generated" | undefined;

/**
 * Where the author wrote what a compiled file runs. For a thread of the agent's own: reading a map takes a moment, and
 * nobody waits for it there.
 */
export class SourceMaps {
  readonly #limits: SourceMapsLimits;
  /** A place could not be looked up. */
  readonly countFailed: () => void;
  /** Of files, oldest first. */
  readonly #maps = new Map<string, FileMap | undefined>();
  #places = new Map<string, Original>();
  #bytes = 0;
  #minuteStartMs = Number.NEGATIVE_INFINITY;
  #readMs = 0;

  /** `onDrop`: a place could not be looked up, within the limits or because of a malformed map. */
  constructor(onDrop: () => void, limits: Partial<SourceMapsLimits> = {}) {
    this.countFailed = onDrop;
    this.#limits = { ...defaults, ...limits };
  }

  find(place: Place): Original {
    const { filePath, lineNumber, columnNumber } = place;
    if (!isAbsolute(filePath) || lineNumber < 1) return undefined;
    const key = `${lineNumber}:${columnNumber}:${filePath}`;
    const known = this.#places.get(key);
    if (known !== undefined || this.#places.has(key)) return known;
    const fileMap = this.#mapOf(filePath);
    if (fileMap === "unknown") return undefined;
    const original = this.#findIn(fileMap, place);
    if (this.#places.size >= placesMax) this.#places = new Map();
    this.#places.set(key, original);
    return original;
  }

  #findIn(fileMap: FileMap | undefined, { lineNumber, columnNumber }: Place): Original {
    if (fileMap === undefined) return undefined;
    const found = fileMap.map.find(lineNumber - 1, Math.max(columnNumber - 1, 0));
    if (found === undefined) return "generated";
    return {
      filePath: toSourceFile(found.source, fileMap.folder),
      lineNumber: found.line + 1,
      columnNumber: found.column + 1,
    };
  }

  #mapOf(file: string): FileMap | undefined | "unknown" {
    if (this.#maps.has(file)) return this.#maps.get(file);
    const startMs = performance.now();
    if (startMs - this.#minuteStartMs > 60_000) {
      this.#minuteStartMs = startMs;
      this.#readMs = 0;
    }
    if (this.#readMs >= this.#limits.readMsMax) {
      this.countFailed();
      return "unknown";
    }
    const map = this.#read(file);
    this.#readMs += performance.now() - startMs;
    this.#keep(file, map);
    return map;
  }

  #read(file: string): FileMap | undefined {
    try {
      return readMapOf(file);
    } catch (error) {
      // Code that was never in a file, such as that of a bundler's virtual module, lacks no map.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.countFailed();
      return undefined;
    }
  }

  #keep(file: string, map: FileMap | undefined): void {
    this.#maps.set(file, map);
    this.#bytes += map?.map.bytes ?? 0;
    for (const [oldest, { map } = { map: undefined }] of this.#maps) {
      if (this.#bytes <= this.#limits.bytesMax && this.#maps.size <= this.#limits.filesMax) return;
      this.#maps.delete(oldest);
      this.#bytes -= map?.bytes ?? 0;
    }
  }
}
