import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNative } from "../../storage/native-columns.ts";
import { toNativeBlock } from "./native-block.ts";
import { TextColumn } from "./text-column.ts";

const table = [{ name: "text", nativeType: "LowCardinality(String)" }];

function textsOf(column: TextColumn): readonly string[] {
  const block = toNativeBlock(table, { text: column }, column.length, Number.POSITIVE_INFINITY);
  const { text } = readNative(block).columns;
  if (text?.kind !== "texts") throw new Error("no texts");
  return Array.from(text.places, (place) => text.values[place]!);
}

function add(column: TextColumn, text: string): void {
  const bytes = Buffer.from(`before${text}after`);
  column.addString(bytes, 6, bytes.length - 5);
}

function addCopies(column: TextColumn, text: string): void {
  const start = column.length;
  add(column, text);
  column.repeat(start, 3);
}

const ways = [
  add,
  addCopies,
  (column: TextColumn, text: string) => column.addEncoded(Buffer.from(text)),
  (column: TextColumn, text: string) => column.addText(text),
];

describe("a column of texts", () => {
  it("has in each row what was added, whichever way", () => {
    const text = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...ways), text)), (rows) => {
        const column = new TextColumn();
        for (const [way, value] of [...rows, [add, "last"] as const]) way(column, value);
        const expected = rows.flatMap(([way, value]) =>
          Array(way === addCopies ? 4 : 1).fill(value),
        );
        expect(textsOf(column)).toEqual([...expected, "last"]);
      }),
    );
  });

  it.each([1, 255, 256, 257, 65_535, 65_536, 70_000])("has %i different ones", (count) => {
    const column = new TextColumn();
    const texts = Array.from({ length: count }, (_, i) => `text ${i}`);
    for (const text of texts) add(column, text);
    for (const text of texts) add(column, text);
    expect(textsOf(column)).toEqual([...texts, ...texts]);
  });

  it("makes one text of bytes that are no UTF-8 and what stands for them", () => {
    const column = new TextColumn();
    column.addEncoded(Buffer.from([0x61, 0xff]));
    add(column, "a\ufffd");
    column.addEncoded(Buffer.from([0x61, 0xfe]));
    expect(textsOf(column)).toEqual(Array(3).fill("a\ufffd"));
  });

  it("forgets all, and gives back the room of many", () => {
    const column = new TextColumn();
    for (let i = 0; i < 300_000; i++) add(column, `text ${i}`);
    column.reset(Number.POSITIVE_INFINITY);
    add(column, "text 7");
    add(column, "");
    expect(textsOf(column)).toEqual(["text 7", ""]);
  });
});
