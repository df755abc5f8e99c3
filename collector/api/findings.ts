import { Router } from "express";
import type { Finding } from "../../analyzers/model/finding.ts";
import { type CoverageRow, coverageQuery } from "../../storage/queries/coverage.ts";
import { type FindingRow, findingsQuery } from "../../storage/queries/findings.ts";
import { findingsByIdQuery } from "../../storage/queries/findings-by-id.ts";
import type { Store } from "../../storage/store.ts";
import { ApiError, answer } from "./api-error.ts";
import { readHexId } from "./parameters.ts";
import type { Coverage, FindingResponse, FindingsResponse } from "./responses.ts";

export interface FindingsOptions {
  readonly store: Store;
  /** What the analyzers did; the rest of the coverage comes from the store. */
  readonly analysis: () => Pick<Coverage, "tracesExamined" | "examinedUntilAt" | "detectors">;
  readonly now: () => number;
}

const findingsMax = 500;
const servicesSinceS = 3_600;

/** GET /findings, GET /findings/:id */
export function createFindingsApi({ store, analysis, now }: FindingsOptions): Router {
  const router = Router();
  router.get(
    "/findings",
    answer(async (): Promise<FindingsResponse> => {
      const rows = await store.select<FindingRow>(findingsQuery, { findingsMax: findingsMax + 1 });
      const sinceS = Math.max(0, Math.floor(now() / 1000) - servicesSinceS);
      const [stored] = await store.select<CoverageRow>(coverageQuery, { sinceS });
      return {
        findings: rows.slice(0, findingsMax).map(toFinding),
        truncated: rows.length > findingsMax,
        coverage: {
          ...analysis(),
          spansStored: stored?.spansStored ?? 0,
          services: stored?.services ?? [],
        },
      };
    }),
  );
  router.get(
    "/findings/:id",
    answer(async (request): Promise<FindingResponse> => {
      const id = readHexId(request, "id", 32);
      const [row] = await store.select<FindingRow>(findingsByIdQuery, { fingerprints: [id] });
      if (!row) throw new ApiError("NOT_FOUND", `there is no finding ${id}`);
      return toFinding(row);
    }),
  );
  return router;
}

function toFinding({ body }: FindingRow): Finding {
  return JSON.parse(body);
}
