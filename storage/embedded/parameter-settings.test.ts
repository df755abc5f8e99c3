import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { quoteString, toParameterSettings } from "./parameter-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "culprit-parameters-"));
const session = new Session(folder);

afterAll(() => {
  session.close();
  rmSync(folder, { recursive: true, force: true });
});

async function readBack(sql: string): Promise<unknown> {
  const result = await session.queryAsync(`${sql} FORMAT JSONEachRow`);
  return JSON.parse(result.text()).value;
}

/** What a quoting goes wrong on, between any other characters. */
const hostile = fc.constantFrom(
  ...[
    "'",
    "\\",
    '"',
    "`",
    "\0",
    "\n",
    "\r",
    "\t",
    "\b",
    "\f",
    "\v",
    "\x1b",
    "\x7f",
    "\\N",
    "\\0",
    "\\x41",
  ],
  ...[
    "\n\n",
    ";",
    "--",
    "/*",
    "*/",
    "{x:String}",
    "NULL",
    "[",
    "]",
    "['",
    "', '",
    "SELECT",
    "é",
    "😀",
    "\u2028",
  ],
);
const text = fc
  .array(fc.oneof({ weight: 3, arbitrary: hostile }, fc.string({ unit: "grapheme" })), {
    maxLength: 8,
  })
  .map((parts) => parts.join(""));

test("a bound string is read back as it was", async () => {
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      const sql = `${toParameterSettings({ value })} SELECT {value:String} AS value`;
      expect(await readBack(sql)).toBe(value);
    }),
    { numRuns: 400 },
  );
});

test("a bound array of strings is read back as it was", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (value) => {
      const sql = `${toParameterSettings({ value })} SELECT {value:Array(String)} AS value`;
      expect(await readBack(sql)).toEqual(value);
    }),
    { numRuns: 400 },
  );
});

test("a bound integer is read back as it was", async () => {
  await fc.assert(
    fc.asyncProperty(fc.maxSafeInteger(), async (value) => {
      const sql = `${toParameterSettings({ value })} SELECT toString({value:Int64}) AS value`;
      expect(await readBack(sql)).toBe(String(value));
    }),
    { numRuns: 100 },
  );
});

test("a quoted string is read back as it was", async () => {
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      expect(await readBack(`SELECT ${quoteString(value)} AS value`)).toBe(value);
    }),
    { numRuns: 200 },
  );
});
