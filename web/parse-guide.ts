import { lexer, type Token, type Tokens } from "marked";
import type { Guide, GuideNode } from "./src/guides/guide-node.ts";

/** A guide with all of its text. */
export interface ParsedGuide extends Pick<Guide, "title" | "summary"> {
  readonly nodes: readonly GuideNode[];
}

/** Reads a detector's page: a title, a paragraph, and the rest. Throws on Markdown that the UI has no element for. */
export function parseGuide(markdown: string, isGuide: (id: string) => boolean): ParsedGuide {
  const [title, summary, ...rest] = lexer(markdown).filter(({ type }) => type !== "space");
  if (title?.type !== "heading" || title.depth !== 1 || summary?.type !== "paragraph") {
    throw new Error("a guide begins with its title and a paragraph");
  }
  const toNodes = (tokens: readonly Token[] | undefined) =>
    (tokens ?? []).map((token) => toNode(token, isGuide));
  return { title: title.text, summary: toNodes(summary.tokens), nodes: toNodes(rest) };
}

function toNode(token: Token, isGuide: (id: string) => boolean): GuideNode {
  const inside = (tokens: readonly Token[] | undefined) =>
    (tokens ?? []).filter(({ type }) => type !== "space").map((each) => toNode(each, isGuide));
  switch (token.type) {
    case "heading":
      return [token.depth === 2 ? "h2" : "h3", inside(token.tokens)];
    case "paragraph":
      return ["p", inside(token.tokens)];
    case "list":
      return [token.ordered ? "ol" : "ul", inside(token.items)];
    case "list_item":
      // A line of its own without a paragraph around it.
      return ["li", inside(token.tokens?.flatMap(textsOf))];
    case "code":
      return ["pre", [["code", [token.text]]]];
    case "table":
      return toTable(token as Tokens.Table, inside);
    case "text":
    case "escape":
      return token.text;
    case "codespan":
      return isGuide(token.text) ? ["guide", [token.text], token.text] : ["code", [token.text]];
    case "strong":
    case "em":
      return [token.type, inside(token.tokens)];
    case "link":
      return toLink(token as Tokens.Link, isGuide, inside);
    default:
      throw new Error(`no element for Markdown's ${token.type}: ${token.raw.slice(0, 80)}`);
  }
}

function textsOf(token: Token): readonly Token[] {
  return token.type === "text" ? (token.tokens ?? [token]) : [token];
}

type Inside = (tokens: readonly Token[] | undefined) => GuideNode[];

function toTable({ header, rows }: Tokens.Table, inside: Inside): GuideNode {
  const head = header.map(({ tokens }): GuideNode => ["th", inside(tokens)]);
  const body = rows.map(
    (row): GuideNode => ["tr", row.map(({ tokens }): GuideNode => ["td", inside(tokens)])],
  );
  return [
    "table",
    [
      ["thead", [["tr", head]]],
      ["tbody", body],
    ],
  ];
}

function toLink(
  { href, text, tokens }: Tokens.Link,
  isGuide: (id: string) => boolean,
  inside: Inside,
): GuideNode {
  const id = /^([\w-]+)[.]md$/.exec(href)?.[1];
  if (id === undefined && /^https:/.test(href)) return ["a", inside(tokens), href];
  if (id === undefined || !isGuide(id)) throw new Error(`a link that leads nowhere: ${href}`);
  return ["guide", [text.replaceAll("`", "")], id];
}
