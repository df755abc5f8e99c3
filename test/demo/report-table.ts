import type { Finding } from "../../analyzers/model/finding.ts";

const shapeLengthMax = 60;

/** Findings as a table for the terminal: where, what, how often, what fixing it will do. */
export function toTable(findings: readonly Finding[]): string {
  const head = ["endpoint", "finding", "query shape", "file:line", "traces", "predicted p95"];
  const rows = findings.map((finding) => [
    `${finding.endpoint.method} ${finding.endpoint.route}`,
    finding.detector,
    shorten(finding.shape?.text ?? "-"),
    finding.callSite ? `${shortenPath(finding.callSite.file)}:${finding.callSite.line}` : "-",
    `${finding.evidence.tracesAffected}/${finding.evidence.tracesOfEndpoint}`,
    toChange(finding),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  return [
    line(head),
    widths.map((width) => "-".repeat(width)).join("  "),
    ...rows.map(line),
    "",
  ].join("\n");
}

/** "812 ms" or "3.1 ms": three digits are enough. */
export function formatMs(ns: number): string {
  const ms = ns / 1e6;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function toChange({ prediction }: Finding): string {
  if (!prediction) return "-";
  const { beforeNs, afterNs, afterLowNs, afterHighNs } = prediction.p95;
  const percent = Math.round((afterNs / beforeNs - 1) * 100);
  return `${formatMs(beforeNs)} -> ${formatMs(afterNs)} (${percent} %, ${formatMs(afterLowNs)} to ${formatMs(afterHighNs)})`;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length <= shapeLengthMax ? line : `${line.slice(0, shapeLengthMax - 1)}…`;
}

/** The part below the checkout: what a developer would click on. */
function shortenPath(file: string): string {
  const at = file.lastIndexOf("/test/demo/");
  return at === -1 ? file : file.slice(at + 1);
}
