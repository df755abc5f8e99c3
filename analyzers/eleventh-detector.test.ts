import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

/** A copy of the analyzers, to which a detector is added as CONTRIBUTING.md says: three files and one line. */
const root = join(import.meta.dirname, "..");
const copy = mkdtempSync(join(tmpdir(), "culprit-eleventh-"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const rule = `
import { defineTraceDetector } from "../detector.ts";
import { endpointIdentity, endpointSpanOf } from "../facts/endpoint-span.ts";

export const chattyLog = defineTraceDetector<{ readonly eventsMin: number }>({
  meta: { id: "chatty-log", version: 1, title: "Chatty log", description: "Writes too much.", severity: "info", defaults: { eventsMin: 2 } },
  candidates: [{ sql: "countIf(name = 'log') >= {eventsMin:UInt32}" }],
  detect(trace, { eventsMin }) {
    const spans = trace.name.flatMap((name, span) => (name === "log" ? [span] : []));
    if (spans.length < eventsMin) return [];
    const endpointSpan = endpointSpanOf(trace, spans[0]!);
    return [{
      identity: endpointIdentity(trace, endpointSpan),
      summary: "writes " + spans.length + " logs",
      endpointSpan, spans, repeats: spans.length, confidence: "high", changes: [], fix: ["Write less."],
    }];
  },
});
`;

test("a detector is added by three files and one line, and is then examined, stored and listed as any other", async () => {
  for (const folder of ["analyzers", "storage", "collector/decode", "test/support"]) {
    cpSync(join(root, folder), join(copy, folder), { recursive: true });
  }
  cpSync(join(root, "package.json"), join(copy, "package.json"));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  writeFileSync(join(copy, "analyzers/trace/chatty-log.ts"), rule);
  writeFileSync(join(copy, "analyzers/trace/chatty-log.test.ts"), "// its cases\n");
  writeFileSync(join(copy, "analyzers/trace/chatty-log.md"), "# Chatty log\n");
  const index = join(copy, "analyzers/index.ts");
  const before = readFileSync(index, "utf8");
  const line = "  (await import('./trace/chatty-log.ts')).chattyLog,\n];";
  writeFileSync(index, before.replace("\n];", `\n${line}`));

  const { traceDetectors } = await import(index);
  const { openTestStore, loopTrace } = await import(join(copy, "test/support/stored-traces.ts"));
  const { examineTraces } = await import(join(copy, "analyzers/schedule/examine.ts"));
  const { refreshFindings } = await import(join(copy, "analyzers/schedule/refresh-findings.ts"));
  const { createAnalysisCounters } = await import(
    join(copy, "analyzers/schedule/analysis-counters.ts")
  );
  const { LearnedOrder } = await import(join(copy, "analyzers/facts/learned-order.ts"));
  const ids: string[] = traceDetectors.map(({ meta }: { meta: { id: string } }) => meta.id);
  expect(ids.at(-1)).toBe("chatty-log");

  const traces = await openTestStore();
  try {
    const spans = loopTrace({ queries: 3 }).map((span: { kind: number }) =>
      span.kind === 3 ? { ...span, name: "log", kind: 1, attributes: {} } : span,
    );
    await traces.insert(spans);
    const options = {
      store: traces.store,
      detectors: traceDetectors,
      order: new LearnedOrder(),
      counters: createAnalysisCounters(ids),
      log: (text: string) => expect.fail(text),
      now: Date.now,
    };
    const s = Math.floor(spans[0].startMs / 1000);
    const settled = [{ traceId: spans[0].traceId, fromS: s, toS: s + 1, mayBeAgain: false }];
    const [[fingerprint, detector]] = await examineTraces(options, settled);
    const refreshed = await refreshFindings(options, [{ fingerprint, detector }]);
    expect(refreshed.get(fingerprint)).toMatchObject({
      detector: "chatty-log",
      summary: "writes 3 logs",
      title: "Chatty log",
    });
  } finally {
    await traces.close();
  }
});
