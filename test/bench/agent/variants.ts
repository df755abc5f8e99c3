import { join } from "node:path";

export interface Variant {
  readonly name: string;
  readonly args: readonly string[];
  /** `sinkPort` is where this variant's agent sends what it has. */
  readonly env: (sinkPort: number) => Readonly<Record<string, string>>;
}

const agent = join(import.meta.dirname, "../../../agent");
export const none: Variant = { name: "none", args: [], env: () => ({}) };
/** The bare application once more: what its ratio is apart from 1 is the noise that the others have in theirs. */
export const again: Variant = { ...none, name: "again" };
export const ours: Variant = {
  name: "ours",
  args: ["--require", agent],
  env: (port) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` }),
};
const profiled: Variant = {
  ...ours,
  name: "profiled",
  env: (port) => ({ ...ours.env(port), CULPRIT_PROFILE: "continuous" }),
};
const register: Variant = {
  name: "otel",
  args: ["--require", "@opentelemetry/auto-instrumentations-node/register"],
  env: (port) => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_NODE_RESOURCE_DETECTORS: "env,host,os,process,serviceinstance",
    OTEL_SERVICE_NAME: "bench",
  }),
};
const datadog: Variant = {
  name: "dd-trace",
  args: ["--require", "dd-trace/init"],
  env: (port) => ({
    DD_TRACE_AGENT_URL: `http://127.0.0.1:${port}`,
    DD_SERVICE: "bench",
    DD_TRACE_STARTUP_LOGS: "false",
  }),
};
const elastic: Variant = {
  name: "elastic",
  args: ["--require", "elastic-apm-node/start.js"],
  env: (port) => ({
    ELASTIC_APM_SERVER_URL: `http://127.0.0.1:${port}`,
    ELASTIC_APM_SERVICE_NAME: "bench",
    ELASTIC_APM_LOG_LEVEL: "off",
  }),
};
const sentry: Variant = {
  name: "sentry",
  args: ["--require", "./sentry.cjs"],
  env: (port) => ({
    SENTRY_DSN: `http://key@127.0.0.1:${port}/1`,
    SENTRY_TRACES_SAMPLE_RATE: "1",
  }),
};

/** The first of each list is what the others are compared with. All sample 100 % and run with their defaults. */
export const quickVariants = [none, ours, register] as const;
/** What the goals are about. */
export const goalVariants = [...quickVariants, again] as const;
export const otherVariants = [none, profiled, datadog, elastic, sentry] as const;
