import { getNodeAutoInstrumentations } from "@opentelemetry/auto-instrumentations-node";
import type { InstrumentationBase } from "@opentelemetry/instrumentation";
import type { Config } from "../config.ts";
import type { CallEvidence } from "../evidence/call-evidence.ts";
import type { PoolGauges } from "../runtime/metrics/pool-gauges.ts";
import { contribConfig } from "./contrib-config.ts";
import { PgPoolInstrumentation } from "./pg-pool.ts";

/** Without the fast path: every contrib instrumentation, with our evidence. */
export function createInstrumentations(
  config: Config,
  evidence: CallEvidence,
  pools: PoolGauges | undefined,
): readonly InstrumentationBase[] {
  const contrib = getNodeAutoInstrumentations(
    contribConfig(config, evidence),
  ) as InstrumentationBase[];
  const hasPg = contrib.some(
    (it) => it.instrumentationName === "@opentelemetry/instrumentation-pg",
  );
  // Last: both patch pg-pool, in this order.
  return hasPg ? [...contrib, new PgPoolInstrumentation(evidence, pools)] : contrib;
}
