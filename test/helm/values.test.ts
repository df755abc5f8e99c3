import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isMap, isScalar, type Pair, parseDocument } from "yaml";
import { chartFolder } from "./chart-tools.ts";

interface Value {
  readonly key: string;
  readonly default: string;
  readonly description: string;
}

/** Every key of values.yaml that a "# --" describes, as a row of the README's table. */
const file = parseDocument(read("values.yaml"));
const values = describedValues(file.contents, file.toJS());

test("every value has a description", () => {
  expect(values.length).toBeGreaterThan(40);
  expect(values.filter(({ description }) => description === "").map(({ key }) => key)).toEqual([]);
});

test("the README's table has every value with its default, and no other", () => {
  // The formatter aligns columns with spaces.
  const rows = read("README.md")
    .replace(/ +/g, " ")
    .match(/^\| `.*$/gm);
  expect(rows).toEqual(
    values.map((value) => `| \`${value.key}\` | \`${value.default}\` | ${value.description} |`),
  );
});

test("the schema knows every value", () => {
  const schema = JSON.parse(read("values.schema.json"));
  const unknown = values.filter(({ key }) => {
    let at = schema;
    for (const part of key.split(".")) at = at?.properties?.[part];
    return at === undefined;
  });
  expect(unknown.map(({ key }) => key)).toEqual([]);
});

/** Keys under one that is described belong to it; others are described themselves. */
function describedValues(node: unknown, values: unknown, path = ""): Value[] {
  if (!isMap(node)) return [];
  return node.items.flatMap((pair, i) => {
    const name = isScalar(pair.key) ? String(pair.key.value) : "";
    const value = (values as Readonly<Record<string, unknown>>)[name];
    // The parser gives the comment over a map's first key to the map.
    const description = descriptionOf(pair) ?? (i === 0 ? lastComment(node.commentBefore) : "");
    if (!description && isMap(pair.value)) {
      return describedValues(pair.value, value, `${path}${name}.`);
    }
    const text = typeof value === "string" && value !== "" ? value : JSON.stringify(value);
    return [{ key: path + name, default: text, description: description ?? "" }];
  });
}

function descriptionOf({ key }: Pair): string | undefined {
  return isScalar(key) ? lastComment(key.commentBefore) : undefined;
}

function lastComment(comment: string | null | undefined): string | undefined {
  return comment
    ?.split("\n")
    .findLast((line) => line.startsWith(" -- "))
    ?.slice(4);
}

function read(file: string): string {
  return readFileSync(join(chartFolder, file), "utf8");
}
