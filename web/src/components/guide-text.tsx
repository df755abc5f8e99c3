import { createElement, type ReactNode } from "react";
import type { GuideNode } from "../guides/guide-node.ts";
import { Link } from "../router/link.tsx";
import styles from "./guide-text.module.css";

/** What the Markdown of a guide says. */
export function GuideText({ nodes }: { readonly nodes: readonly GuideNode[] }) {
  return createElement("div", { className: styles.guide }, ...nodes.map(toElement));
}

export function toElement(node: GuideNode): ReactNode {
  if (typeof node === "string") return node;
  const children = node[1].map(toElement);
  if (node[0] === "guide") {
    return createElement(Link, { to: { page: "detector", id: node[2] } }, ...children);
  }
  if (node[0] === "a") return createElement("a", { href: node[2] }, ...children);
  const element = createElement(node[0], null, ...children);
  // Both are wider than a phone, and scroll by themselves.
  if (node[0] !== "table" && node[0] !== "pre") return element;
  return createElement("div", { className: styles.wide, tabIndex: 0 }, element);
}
