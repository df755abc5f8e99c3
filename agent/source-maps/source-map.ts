import { membersOf } from "./json-members.ts";

/** A place in a file as the application's author wrote it. */
interface OriginalPosition {
  /** As the map says it: a path or URL, mostly relative to the map. */
  readonly source: string;
  /** From 0, as in the map. */
  readonly line: number;
  readonly column: number;
}

/** The sources of compiled code (ECMA-426). */
export interface SourceMap {
  /** The place of the last segment at or before a place of the compiled file; both from 0. */
  find(line: number, column: number): OriginalPosition | undefined;
  /** What it takes in memory, about. */
  readonly bytes: number;
}

/** In `mappings` between two places from which it can be read on. */
const checkpointBytes = 2_048;
const sectionsMax = 10_000;

/**
 * Reads a map, or an index map of several. Only `sources` and `mappings` are kept: the second as it is, with a
 * checkpoint every 2 KB from which it is decoded when a place is asked for. Decoded whole it would take twenty times
 * as much. Throws a SyntaxError when it is malformed.
 */
export function readSourceMap(json: Buffer): SourceMap {
  // Some begin with a line that keeps a browser from running them: )]}'
  const start = json[0] === 0x29 ? json.indexOf(0x0a) + 1 : 0;
  const members = new Map(membersOf(json.subarray(start)));
  const sections = members.get("sections");
  if (sections !== undefined) return readSections(sections);

  const mappings = members.get("mappings");
  if (mappings?.[0] !== 0x22) throw new SyntaxError("a source map without mappings");
  const root = toText(parse(members.get("sourceRoot"))) ?? "";
  const sources: unknown = parse(members.get("sources"));
  if (!Array.isArray(sources)) throw new SyntaxError("a source map without sources");
  // Copied, so that the rest of the file is not kept.
  return new Mappings(
    sources.map((source) => withRoot(root, toText(source))),
    Buffer.from(mappings.subarray(1, -1)),
  );
}

function parse(json: Buffer | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json.toString("utf8"));
}

function toText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function withRoot(root: string, source: string | undefined): string | undefined {
  if (source === undefined || root === "" || /^([/\\]|[\w+.-]+:)/.test(source)) return source;
  return root.endsWith("/") ? root + source : `${root}/${source}`;
}

interface Section {
  readonly line: number;
  readonly column: number;
  readonly map: SourceMap;
}

function readSections(json: Buffer): SourceMap {
  const sections = membersOf(json)
    .slice(0, sectionsMax)
    .map(([, section]): Section => {
      const members = new Map(membersOf(section));
      const { line, column } = parse(members.get("offset")) as { line: number; column: number };
      const map = members.get("map");
      if (map === undefined || new Map(membersOf(map)).has("sections")) {
        throw new SyntaxError("a section without a map of its own");
      }
      return { line, column, map: readSourceMap(map) };
    });
  return {
    bytes: sections.reduce((sum, { map }) => sum + map.bytes, 0),
    find(line, column) {
      const section = sections.findLast(
        (it) => it.line < line || (it.line === line && it.column <= column),
      );
      if (section === undefined) return undefined;
      const isFirstLine = section.line === line;
      return section.map.find(line - section.line, isFirstLine ? column - section.column : column);
    },
  };
}

/** Numbers of a checkpoint: where it is in `mappings`, and the segment that ends there. */
const checkpointSize = 7;

class Mappings implements SourceMap {
  readonly bytes: number;
  readonly #sources: readonly (string | undefined)[];
  readonly #mappings: Buffer;
  readonly #checkpoints: Int32Array;

  constructor(sources: readonly (string | undefined)[], mappings: Buffer) {
    this.#sources = sources;
    this.#mappings = mappings;
    this.#checkpoints = findCheckpoints(mappings);
    const names = sources.reduce((sum, source) => sum + (source?.length ?? 0), 0);
    this.bytes = mappings.length + names + this.#checkpoints.byteLength;
  }

  find(line: number, column: number): OriginalPosition | undefined {
    const segment = new SegmentReader(this.#mappings);
    segment.goTo(this.#checkpoints, this.#checkpointBefore(line, column));
    let isFound = false;
    let [source, originalLine, originalColumn] = [-1, 0, 0];
    do {
      if (segment.line > line) break;
      if (segment.line !== line || segment.column > column || segment.at === 0) continue;
      isFound = segment.hasSource;
      source = segment.source;
      originalLine = segment.originalLine;
      originalColumn = segment.originalColumn;
    } while (segment.next());
    const name = this.#sources[source];
    if (!isFound || name === undefined || originalLine < 0) return undefined;
    return { source: name, line: originalLine, column: originalColumn };
  }

  #checkpointBefore(line: number, column: number): number {
    let low = 0;
    let high = this.#checkpoints.length / checkpointSize - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const at = middle * checkpointSize;
      const itsLine = this.#checkpoints[at + 1]!;
      const isBefore = itsLine < line || (itsLine === line && this.#checkpoints[at + 2]! <= column);
      if (isBefore) low = middle;
      else high = middle - 1;
    }
    return low * checkpointSize;
  }
}

function findCheckpoints(mappings: Buffer): Int32Array {
  const segment = new SegmentReader(mappings);
  const checkpoints: number[] = [];
  segment.addTo(checkpoints);
  let nextAt = checkpointBytes;
  while (segment.next()) {
    if (segment.at < nextAt) continue;
    segment.addTo(checkpoints);
    nextAt = segment.at + checkpointBytes;
  }
  return Int32Array.from(checkpoints);
}

const comma = 0x2c;
const semicolon = 0x3b;
const digits = new Uint8Array(256).fill(255);
for (const [i, character] of [
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
].entries()) {
  digits[character.charCodeAt(0)] = i;
}

/** Reads segments one after the other. Each is differences to the one before, in base 64 digits of 5 bits. */
class SegmentReader {
  readonly #mappings: Buffer;
  /** Behind the segment that was read last; 0: none was. */
  at = 0;
  line = 0;
  column = 0;
  hasSource = false;
  source = 0;
  originalLine = 0;
  originalColumn = 0;

  constructor(mappings: Buffer) {
    this.#mappings = mappings;
  }

  addTo(checkpoints: number[]): void {
    checkpoints.push(this.at, this.line, this.column, this.hasSource ? 1 : 0);
    checkpoints.push(this.source, this.originalLine, this.originalColumn);
  }

  goTo(checkpoints: Int32Array, from: number): void {
    this.at = checkpoints[from]!;
    this.line = checkpoints[from + 1]!;
    this.column = checkpoints[from + 2]!;
    this.hasSource = checkpoints[from + 3] === 1;
    this.source = checkpoints[from + 4]!;
    this.originalLine = checkpoints[from + 5]!;
    this.originalColumn = checkpoints[from + 6]!;
  }

  /** False at the end. */
  next(): boolean {
    const mappings = this.#mappings;
    for (; this.at < mappings.length; this.at += 1) {
      if (mappings[this.at] === semicolon) {
        this.line += 1;
        this.column = 0;
      } else if (mappings[this.at] !== comma) break;
    }
    if (this.at >= mappings.length) return false;
    this.column += this.#number();
    this.hasSource = this.#isInSegment();
    if (!this.hasSource) return true;
    this.source += this.#number();
    this.originalLine += this.#number();
    this.originalColumn += this.#number();
    // An index into `names`.
    if (this.#isInSegment()) this.#number();
    return true;
  }

  #isInSegment(): boolean {
    const value = this.#mappings[this.at];
    return value !== undefined && value !== comma && value !== semicolon;
  }

  #number(): number {
    let value = 0;
    let digit = 32;
    for (let shift = 0; (digit & 32) !== 0; shift += 5) {
      digit = digits[this.#mappings[this.at] ?? 0]!;
      if (digit === 255 || shift > 30)
        throw new SyntaxError("a number of a source map is malformed");
      this.at += 1;
      value |= (digit & 31) << shift;
    }
    return (value & 1) === 1 ? -(value >>> 1) : value >>> 1;
  }
}
