import { describe, expect, it } from "vitest";
import { rowsOfMongodb, rowsOfMysql2, rowsOfPg } from "./returned-rows.ts";

describe("returned rows", () => {
  it("of pg are its row count, summed over the statements of one text", () => {
    expect(rowsOfPg({ rowCount: 0 })).toBe(0);
    expect(rowsOfPg([{ rowCount: 2 }, { rowCount: null }, { rowCount: 3 }])).toBe(5);
  });

  it("of pg are unknown for a statement that has none, such as BEGIN", () => {
    expect(rowsOfPg({ rowCount: null })).toBeUndefined();
    expect(rowsOfPg([])).toBeUndefined();
    expect(rowsOfPg(undefined)).toBeUndefined();
  });

  it("of mysql2 are the rows, or those that a change affected", () => {
    expect(rowsOfMysql2([{ id: 1 }, { id: 2 }])).toBe(2);
    expect(rowsOfMysql2({ affectedRows: 4 })).toBe(4);
    expect(rowsOfMysql2(undefined)).toBeUndefined();
  });

  it("of MongoDB are those of the batch, or those that a change affected", () => {
    expect(rowsOfMongodb({ ok: 1, cursor: { firstBatch: [{}, {}] } })).toBe(2);
    expect(rowsOfMongodb({ ok: 1, cursor: { nextBatch: [] } })).toBe(0);
    expect(rowsOfMongodb({ ok: 1, n: 3 })).toBe(3);
    expect(rowsOfMongodb({ ok: 1 })).toBeUndefined();
  });
});
