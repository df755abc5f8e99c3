import { readFileSync } from "node:fs";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it, test } from "vitest";
import { findGuideFiles } from "./guides-plugin.ts";
import { parseGuide } from "./parse-guide.ts";
import { GuideText } from "./src/components/guide-text.tsx";
import type { GuideNode } from "./src/guides/guide-node.ts";

const files = findGuideFiles();
const isGuide = (id: string) => files.has(id);
const head = "# Slow query\n\nIt is slow.\n\n";
const read = (markdown: string) => parseGuide(head + markdown, isGuide).nodes;

test("a guide has its title, its first paragraph, and the rest", () => {
  expect(parseGuide(`${head}## Why it matters\n\nIt _is_ **slow**.`, isGuide)).toEqual({
    title: "Slow query",
    summary: ["It is slow."],
    nodes: [
      ["h2", ["Why it matters"]],
      ["p", ["It ", ["em", ["is"]], " ", ["strong", ["slow"]], "."]],
    ],
  });
});

test("lists, tables and code", () => {
  const code = (text: string) => ["code", [text]];
  expect(read("- one\n- `two`\n")).toEqual([
    [
      "ul",
      [
        ["li", ["one"]],
        ["li", [code("two")]],
      ],
    ],
  ]);
  expect(read("| a |\n| - |\n| `x \\| y` |\n")).toEqual([
    [
      "table",
      [
        ["thead", [["tr", [["th", ["a"]]]]]],
        ["tbody", [["tr", [["td", [code("x | y")]]]]]],
      ],
    ],
  ]);
  expect(read("```js\na < b\n```\n")).toEqual([["pre", [code("a < b")]]]);
});

test("another detector's name leads to its guide, an address to a page", () => {
  const guide = (id: string) => ["guide", [id], id];
  expect(read("See `n-plus-one` and [`pool-wait`](pool-wait.md).")).toEqual([
    ["p", ["See ", guide("n-plus-one"), " and ", guide("pool-wait"), "."]],
  ]);
  expect(read("[there](https://example.org/)")).toEqual([
    ["p", [["a", ["there"], "https://example.org/"]]],
  ]);
});

describe("is not built", () => {
  it.each([
    ["an image", "![x](y.png)"],
    ["HTML", "<b>x</b>"],
    ["a link to nowhere", "[x](nowhere.md)"],
    ["a link that is no https", "[x](javascript:alert(1))"],
    ["a quote", "> x"],
  ])("with %s", (_what, markdown) => {
    expect(() => read(markdown)).toThrow();
  });

  it("without a title, or without a first paragraph", () => {
    expect(() => parseGuide("It is slow.", isGuide)).toThrow();
    expect(() => parseGuide("# Slow\n\n- a\n", isGuide)).toThrow();
  });
});

test.each([...files])("%s is shown with all of its text", (_id, file) => {
  const markdown = readFileSync(file, "utf8");
  const { title, nodes } = parseGuide(markdown, isGuide);
  const shown = new Set(textsOf(nodes).flatMap(toWords));
  const body = markdown.replace(/^# .*\n\n[\s\S]*?\n\n/, "");
  const written = toWords(body.replaceAll(/^```\w+$|\]\(\S+\)/gm, ""));
  expect(written.filter((word) => !shown.has(word))).toEqual([]);
  expect(title).not.toBe("");
});

test("what is shown is text: nothing of it becomes markup", () => {
  const nodes = read("`<script>` and 1 < 2\n");
  const html = renderToStaticMarkup(createElement(GuideText, { nodes }));
  expect(html).toContain("<code>&lt;script&gt;</code> and 1 &lt; 2");
});

function textsOf(nodes: readonly GuideNode[]): string[] {
  return nodes.flatMap((node) => (typeof node === "string" ? [node] : textsOf(node[1])));
}

function toWords(text: string): string[] {
  return text.match(/[\p{L}\d]+/gu) ?? [];
}
