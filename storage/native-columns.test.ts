import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toPlainColumns } from "../test/support/plain-columns.ts";
import { readNative } from "./native-columns.ts";

const folder = mkdtempSync(join(tmpdir(), "culprit-native-"));
let session: Session;

beforeAll(() => {
  session = new Session(folder);
});

afterAll(() => {
  session.close();
  rmSync(folder, { recursive: true, force: true });
});

const select = async (sql: string) => (await session.queryAsync(`${sql} FORMAT Native`)).bytes();

test("columns of every type that queries return are read as ClickHouse wrote them", async () => {
  const result = await select(`
    SELECT
      toUInt8(number) AS u8, toInt8(-number) AS i8, toUInt16(number * 1000) AS u16,
      toUInt32(number * 1000000) AS u32, number / 4 AS f64,
      toString(number) AS text, toLowCardinality(if(number % 2 = 0, 'even', 'ünéven')) AS low,
      toUInt64(number) AS u64, toFixedString(hex(number), 2) AS id
    FROM numbers(3)`);
  expect(toPlainColumns(readNative(result))).toEqual({
    u8: [0, 1, 2],
    i8: [0, -1, -2],
    u16: [0, 1000, 2000],
    u32: [0, 1_000_000, 2_000_000],
    f64: [0, 0.25, 0.5],
    text: ["0", "1", "2"],
    low: ["even", "ünéven", "even"],
    u64: ["00", "01", "02"].map((byte) => byte.padEnd(16, "0")),
    id: ["3030", "3031", "3032"],
  });
});

test("a result of many blocks is one, with dictionaries of any size", async () => {
  const result = await select(`
    SELECT toUInt32(number) AS n, toLowCardinality(toString(number % 70000)) AS low, toFixedString('ab', 2) AS id
    FROM numbers(200000)
    SETTINGS max_block_size = 60000`);
  const { rows, columns } = readNative(result);
  const { n, low, id } = toPlainColumns({ rows, columns });
  expect(rows).toBe(200_000);
  expect(n!.every((value, i) => value === i)).toBe(true);
  expect(low!.every((value, i) => value === String(i % 70_000))).toBe(true);
  expect(new Set(id)).toEqual(new Set(["6162"]));
});

test("a result without rows has none", async () => {
  const result = await select("SELECT toLowCardinality('') AS low, 1 AS n FROM numbers(0)");
  expect(readNative(result).rows).toBe(0);
  expect(readNative(new Uint8Array())).toEqual({ rows: 0, columns: {} });
});

test("a result that is cut off, or of another type, is an error", async () => {
  const result = await select(
    "SELECT toLowCardinality(toString(number % 3)) AS low, number AS n, toString(number) AS text FROM numbers(9)",
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: result.length - 1 }), (length) => {
      expect(() => readNative(result.subarray(0, length))).toThrow();
    }),
  );
  expect(readNative(result).rows).toBe(9);
  const list = await select("SELECT [1, 2] AS list");
  expect(() => readNative(list)).toThrow("Array(UInt8)");
});
