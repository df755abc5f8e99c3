import type { SettledTraceRow } from "../../storage/queries/settled-traces.ts";
import {
  type TraceCandidateRow,
  type TraceCandidatesParameters,
  traceCandidatesQuery,
} from "../../storage/queries/trace-candidates.ts";
import { StorageError, type Store } from "../../storage/store.ts";
import type { CandidateCondition, TraceDetector } from "../detector.ts";
import { countDetectorError, type ErrorReport } from "./detector-error.ts";
import { coverAll } from "./read-traces.ts";

interface CandidateReader extends ErrorReport {
  readonly store: Store;
  readonly detectors: readonly TraceDetector[];
}

/** Which detectors want which of the settled traces: one scan for all; a detector without conditions wants every trace. */
export async function selectCandidates(
  reader: CandidateReader,
  settled: readonly SettledTraceRow[],
): Promise<Map<string, TraceDetector[]>> {
  const wanted = new Map<string, TraceDetector[]>();
  const add = (traceId: string, detectors: readonly TraceDetector[]) => {
    if (detectors.length > 0) wanted.set(traceId, [...(wanted.get(traceId) ?? []), ...detectors]);
  };
  const all = reader.detectors.filter(({ candidates }) => candidates === undefined);
  const selective = reader.detectors.filter(({ candidates }) => candidates !== undefined);
  for (const { traceId } of settled) add(traceId, all);
  for (const { detectors, rows } of await scan(reader, selective, settled)) {
    for (const { traceId, isWanted } of rows) {
      add(
        traceId,
        detectors.filter((_, i) => isWanted[i] === 1),
      );
    }
  }
  return wanted;
}

interface Scanned {
  readonly detectors: readonly TraceDetector[];
  readonly rows: readonly TraceCandidateRow[];
}

/** When the scan for all is refused, each detector has its own, so that the one at fault is known and alone misses. */
async function scan(
  reader: CandidateReader,
  detectors: readonly TraceDetector[],
  settled: readonly SettledTraceRow[],
): Promise<Scanned[]> {
  if (detectors.length === 0 || settled.length === 0) return [];
  try {
    return [{ detectors, rows: await select(reader.store, detectors, settled) }];
  } catch (error) {
    if (!(error instanceof StorageError) || error.code === "STORE_UNAVAILABLE") throw error;
    if (detectors.length > 1) {
      const parts: Scanned[] = [];
      for (const one of detectors) parts.push(...(await scan(reader, [one], settled)));
      return parts;
    }
    const what = `the candidates among ${settled.length} traces`;
    countDetectorError(reader, detectors[0]!.meta.id, what, error);
    return [];
  }
}

function select(
  store: Store,
  detectors: readonly TraceDetector[],
  settled: readonly SettledTraceRow[],
): Promise<TraceCandidateRow[]> {
  const parameters: Record<string, number> = {};
  const seekers = detectors.map(({ meta, candidates = [] }) => {
    // Detectors may have options of one name: each has its own parameters.
    const prefix = `${meta.id.replaceAll("-", "_")}_`;
    for (const [name, value] of Object.entries(numbersOf(meta.defaults))) {
      parameters[prefix + name] = value;
    }
    return candidates.map(
      ({ sql, ...condition }): CandidateCondition => ({
        ...condition,
        sql: sql.replaceAll(/\{(\w+):/g, `{${prefix}$1:`),
      }),
    );
  });
  const scanned: TraceCandidatesParameters = {
    ...coverAll(settled),
    traceIds: settled.map(({ traceId }) => traceId),
    tracesMax: settled.length,
  };
  return store.select<TraceCandidateRow>(traceCandidatesQuery(seekers), {
    ...parameters,
    ...scanned,
  });
}

/** The numeric options, to be bound in a detector's SQL by their names. */
export function numbersOf(options: unknown): Record<string, number> {
  return Object.fromEntries(
    Object.entries(options ?? {}).filter(
      (entry): entry is [string, number] => typeof entry[1] === "number",
    ),
  );
}
