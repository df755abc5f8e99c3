import { SourceMap as NodeSourceMap } from "node:module";
import fc from "fast-check";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { readSourceMap } from "./source-map.ts";

const toBuffer = (map: object) => Buffer.from(JSON.stringify(map));
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function encodeNumber(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    const digit = rest % 32;
    rest = Math.floor(rest / 32);
    text += alphabet[rest > 0 ? digit + 32 : digit];
  } while (rest > 0);
  return text;
}

interface Segment {
  readonly column: number;
  /** Undefined: of no source. */
  readonly original: readonly [source: number, line: number, column: number] | undefined;
}

/** Lines of segments as `mappings`; each number is the difference to the one before. */
function encodeMappings(lines: readonly (readonly Segment[])[]): string {
  let before = [0, 0, 0];
  return lines
    .map((segments) => {
      let column = 0;
      return segments
        .map((segment) => {
          const numbers = [segment.column - column];
          column = segment.column;
          if (segment.original) {
            numbers.push(...segment.original.map((value, i) => value - before[i]!));
            before = [...segment.original];
          }
          return numbers.map(encodeNumber).join("");
        })
        .join(",");
    })
    .join(";");
}

describe("a source map", () => {
  it("finds what Node finds, anywhere in what tsc has written", () => {
    const { outputText, sourceMapText = "" } = ts.transpileModule(source, {
      fileName: "src/orders.ts",
      compilerOptions: {
        sourceMap: true,
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2017,
        experimentalDecorators: true,
      },
    });
    const map = readSourceMap(Buffer.from(sourceMapText));
    const ofNode = new NodeSourceMap(JSON.parse(sourceMapText));
    let found = 0;
    for (const [line, text] of outputText.split("\n").entries()) {
      for (let column = 0; column <= text.length; column += 1) {
        const entry = ofNode.findEntry(line, column);
        // Node goes back to earlier lines; what they hold is of other code.
        if (!("generatedLine" in entry) || entry.generatedLine !== line) {
          expect(map.find(line, column)).toBeUndefined();
          continue;
        }
        found += 1;
        expect(map.find(line, column)).toEqual({
          source: "orders.ts",
          line: entry.originalLine,
          column: entry.originalColumn,
        });
      }
    }
    expect(found).toBeGreaterThan(500);
  });

  it("finds the last segment at or before a place, in any mappings, however long", () => {
    const original = fc.tuple(fc.nat(3), fc.nat(100_000), fc.nat(300));
    const segment = fc.record({
      column: fc.nat(5_000),
      original: fc.option(original, { nil: undefined }),
    });
    const columns = (list: Segment[]) =>
      [...new Map(list.map((it) => [it.column, it])).values()].sort((a, b) => a.column - b.column);
    const lines = fc.array(fc.array(segment, { maxLength: 300 }).map(columns), { maxLength: 30 });
    const sources = ["a.ts", "b.ts", "../c.ts", "d.ts"];
    fc.assert(
      fc.property(lines, fc.nat(30), fc.nat(5_000), (segments, line, column) => {
        const map = readSourceMap(
          toBuffer({ version: 3, sources, mappings: encodeMappings(segments) }),
        );
        const last = segments[line]?.findLast((it) => it.column <= column)?.original;
        expect(map.find(line, column)).toEqual(
          last && { source: sources[last[0]], line: last[1], column: last[2] },
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe("a source map of another kind", () => {
  it("names its sources from sourceRoot on, unless they say where they are", () => {
    const sources = ["a.ts", "/abs/b.ts", "file:///c.ts", null];
    const mappings = encodeMappings([
      sources.map((_, i) => ({ column: i * 10, original: [i, 0, 0] as const })),
    ]);
    const map = readSourceMap(toBuffer({ version: 3, sourceRoot: "../src", sources, mappings }));
    expect(sources.map((_, i) => map.find(0, i * 10)?.source)).toEqual([
      "../src/a.ts",
      "/abs/b.ts",
      "file:///c.ts",
      undefined,
    ]);
  });

  it("may be an index of several, each for the code from its offset on", () => {
    const section = (source: string, line: number, column: number) => ({
      offset: { line, column },
      map: {
        version: 3,
        sources: [source],
        mappings: encodeMappings([
          [{ column: 0, original: [0, 7, 0] }],
          [{ column: 4, original: [0, 8, 0] }],
        ]),
      },
    });
    const map = readSourceMap(
      toBuffer({ version: 3, sections: [section("a.ts", 0, 0), section("b.ts", 2, 10)] }),
    );
    expect(map.find(1, 9)).toEqual({ source: "a.ts", line: 8, column: 0 });
    expect(map.find(2, 9)).toBeUndefined();
    expect(map.find(2, 10)).toEqual({ source: "b.ts", line: 7, column: 0 });
    expect(map.find(3, 4)).toEqual({ source: "b.ts", line: 8, column: 0 });
  });

  it("may begin with a line that keeps browsers from running it", () => {
    const map = { version: 3, sources: ["a.ts"], mappings: "AAAA" };
    expect(readSourceMap(Buffer.from(`)]}'\n${JSON.stringify(map)}`)).find(0, 3)).toEqual({
      source: "a.ts",
      line: 0,
      column: 0,
    });
  });

  it("that is malformed is a syntax error", () => {
    const malformed = [
      {},
      { version: 3, sources: ["a.ts"] },
      { version: 3, mappings: "AAAA" },
      { version: 3, sources: "a.ts", mappings: "AAAA" },
      { version: 3, sources: ["a.ts"], mappings: "A!AA" },
      { version: 3, sources: ["a.ts"], mappings: "AAA" },
      { version: 3, sources: ["a.ts"], mappings: "gggggggggggggggA" },
      { version: 3, sections: [{ offset: { line: 0, column: 0 } }] },
    ];
    for (const map of malformed) expect(() => readSourceMap(toBuffer(map))).toThrow(SyntaxError);
    expect(() => readSourceMap(Buffer.from("<html>not found</html>"))).toThrow(SyntaxError);
  });
});

const source = `
import { createServer } from "node:http";
interface Order { readonly id: number; readonly customer: string }

/** What is left out moves the lines. */
type Lookup = (id: number) => Promise<Order>;

export class Orders {
  readonly #lookup: Lookup;
  constructor(lookup: Lookup) { this.#lookup = lookup; }

  async list(ids: readonly number[]): Promise<Order[]> {
    const orders: Order[] = [];
    for (const id of ids) {
      orders.push(await this.#lookup(id));
    }
    return orders.map(({ id, customer = "nobody" }) => ({ id, customer }));
  }
}

export const serve = (orders: Orders) =>
  createServer(async (request, response) => {
    const ids = new URL(request.url ?? "/", "http://x").searchParams.getAll("id").map(Number);
    response.end(JSON.stringify(await orders.list(ids)));
  });
`;
