import { traceDetectors, windowDetectors } from "../../../analyzers/index.ts";
import { createAnalysisCounters } from "../../../analyzers/schedule/analysis-counters.ts";
import { Schedule } from "../../../analyzers/schedule/schedule.ts";
import type { Store } from "../../../storage/store.ts";
import { print } from "../report.ts";
import { createProgress } from "./progress.ts";

export interface PathCosts {
  /** CPU of everything, and of each step: a query by its name, or TypeScript. */
  readonly cpuMs: number;
  readonly stepsMs: ReadonlyMap<string, { readonly calls: number; readonly ms: number }>;
  readonly traces: number;
  readonly findings: number;
}

/** What the whole analysis of all that is stored costs, by step: the schedule as the product runs it, until nothing waits. */
export async function measurePath(stored: Store): Promise<PathCosts> {
  const steps = new Map<string, { calls: number; ms: number }>();
  let inStoreMs = 0;
  const measure = async <R>(name: string, call: () => Promise<R>): Promise<R> => {
    const at = cpuMs();
    try {
      return await call();
    } finally {
      const step = steps.get(name) ?? { calls: 0, ms: 0 };
      step.calls++;
      step.ms += cpuMs() - at;
      inStoreMs += cpuMs() - at;
      steps.set(name, step);
    }
  };
  const store: Store = {
    ...stored,
    select: (query, parameters) => measure(query.name, () => stored.select(query, parameters)),
    selectNative: (query, parameters) =>
      measure(query.name, () => stored.selectNative(query, parameters)),
    insertRows: (table, rows) => measure(`insert ${table}`, () => stored.insertRows(table, rows)),
  };
  const counters = createAnalysisCounters(
    [...traceDetectors, ...windowDetectors].map(({ meta }) => meta.id),
  );
  const findings = new Set<string>();
  const schedule = new Schedule({
    store,
    traceDetectors,
    windowDetectors,
    counters,
    onFinding: ({ id }) => findings.add(id),
    log: print,
    now: () => Date.now() + 45_000,
  });
  const tell = createProgress("traces examined");
  const telling = setInterval(() => tell(counters.tracesExamined), 1_000);
  const at = cpuMs();
  do await schedule.run();
  while (counters.findingsWaiting > 0);
  const total = cpuMs() - at;
  clearInterval(telling);
  steps.set("TypeScript", { calls: 1, ms: total - inStoreMs });
  return {
    cpuMs: total,
    stepsMs: steps,
    traces: counters.tracesExamined,
    findings: findings.size,
  };
}

/** Of all threads of this process, ClickHouse's too. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
