import { Router } from "express";
import type { FindingRow } from "../../storage/queries/findings.ts";
import { findingsByIdQuery } from "../../storage/queries/findings-by-id.ts";
import {
  type OccurrenceByTraceRow,
  occurrencesByTraceQuery,
} from "../../storage/queries/occurrences-by-trace.ts";
import { type SpanDetailRow, spanDetailQuery } from "../../storage/queries/span-detail.ts";
import {
  coverBounds,
  type TraceBoundsRow,
  traceBoundsQuery,
} from "../../storage/queries/trace-bounds.ts";
import {
  type TraceLogRow,
  type TraceLogsParameters,
  traceLogsQuery,
} from "../../storage/queries/trace-logs.ts";
import type { Store } from "../../storage/store.ts";
import { ApiError, answer } from "./api-error.ts";
import { toAttributeTexts } from "./attribute-texts.ts";
import { readHexId } from "./parameters.ts";
import type {
  HeldBackFinding,
  SpanResponse,
  TraceFinding,
  TraceLog,
  TraceLogsResponse,
  TraceResponse,
} from "./responses.ts";
import { toSpanResponse } from "./span-response.ts";

export interface TracesOptions {
  readonly store: Store;
  /** Reads a trace and lays it out, with its critical path; null: it is not there. */
  readonly readWaterfall: (
    traceId: string,
    range: { readonly fromS: number; readonly toS: number },
  ) => Promise<Omit<TraceResponse, "findings" | "heldBack"> | null>;
  /** A detector's title by its id. */
  readonly titleOf: (detector: string) => string;
}

const findingsMax = 100;
const logsMax = 500;
/** Of the body of a log, and of each of its attributes. */
const charactersMax = 2_000;

/** GET /traces/:traceId, GET /traces/:traceId/logs, GET /traces/:traceId/spans/:spanId */
export function createTracesApi({ store, readWaterfall, titleOf }: TracesOptions): Router {
  const router = Router();
  router.get(
    "/traces/:traceId",
    answer(async (request): Promise<TraceResponse> => {
      const bounds = await findTrace(store, readHexId(request, "traceId", 32));
      const waterfall = await readWaterfall(bounds.traceId, bounds);
      if (!waterfall) throw unknownTrace(bounds.traceId);
      return { ...waterfall, ...(await readFindings(store, bounds.traceId, titleOf)) };
    }),
  );
  router.get(
    "/traces/:traceId/logs",
    answer(async (request): Promise<TraceLogsResponse> => {
      const { traceId, fromS, toS } = await findTrace(store, readHexId(request, "traceId", 32));
      const parameters: TraceLogsParameters = {
        traceId,
        fromS,
        toS,
        logsMax: logsMax + 1,
        charactersMax,
      };
      const rows = await store.select<TraceLogRow>(traceLogsQuery, parameters);
      return { logs: rows.slice(0, logsMax).map(toTraceLog), truncated: rows.length > logsMax };
    }),
  );
  router.get(
    "/traces/:traceId/spans/:spanId",
    answer(async (request): Promise<SpanResponse> => {
      const { traceId, fromS, toS } = await findTrace(store, readHexId(request, "traceId", 32));
      const spanId = readHexId(request, "spanId", 16);
      const parameters = { traceId, spanId, fromS, toS };
      const [row] = await store.select<SpanDetailRow>(spanDetailQuery, parameters);
      if (!row) throw new ApiError("NOT_FOUND", `trace ${traceId} has no span ${spanId}`);
      return toSpanResponse(row);
    }),
  );
  return router;
}

/** Each stands for four of OTLP's SeverityNumber, from 1 on. */
const severities = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

function toTraceLog(row: TraceLogRow): TraceLog {
  const { atMs, spanId, service, severityNumber, severityText, eventName, body } = row;
  const severity = severityText || (severities[Math.ceil(severityNumber / 4) - 1] ?? "");
  return {
    at: atMs,
    spanId,
    service,
    severity,
    eventName,
    body,
    attributes: toAttributeTexts(row),
  };
}

async function findTrace(
  store: Store,
  traceId: string,
): Promise<TraceBoundsRow & { readonly traceId: string }> {
  const bounds = coverBounds(await store.select<TraceBoundsRow>(traceBoundsQuery, { traceId }));
  if (!bounds) throw unknownTrace(traceId);
  return { traceId, ...bounds };
}

function unknownTrace(traceId: string): ApiError {
  return new ApiError(
    "NOT_FOUND",
    `there is no trace ${traceId}: it never came, or its retention is over`,
  );
}

/** Seen too seldom to be a finding, by the doing of its surroundings, or so recently that it is not merged yet. */
const unconfirmed = "unconfirmed";

async function readFindings(
  store: Store,
  traceId: string,
  titleOf: (detector: string) => string,
): Promise<Pick<TraceResponse, "findings" | "heldBack">> {
  const rows = await store.select<OccurrenceByTraceRow>(occurrencesByTraceQuery, {
    traceId,
    findingsMax,
  });
  const listed = await readListed(
    store,
    rows.filter(({ guard }) => guard === "").map(({ fingerprint }) => fingerprint),
  );
  const findings: TraceFinding[] = [];
  const heldBack: HeldBackFinding[] = [];
  for (const { fingerprint, detector, guard, spanIds, evidence } of rows) {
    const { summary }: { summary: string } = JSON.parse(evidence);
    const told = { title: titleOf(detector), summary, spanIds };
    if (listed.has(fingerprint) && guard === "") findings.push({ id: fingerprint, ...told });
    else heldBack.push({ detector, guard: guard || unconfirmed, ...told });
  }
  return { findings, heldBack };
}

/** Which of them the list of findings has. */
async function readListed(store: Store, fingerprints: readonly string[]): Promise<Set<string>> {
  if (fingerprints.length === 0) return new Set();
  const rows = await store.select<FindingRow>(findingsByIdQuery, { fingerprints });
  return new Set(rows.map(({ fingerprint }) => fingerprint));
}
