type Environment = Readonly<Record<string, string | undefined>>;

interface Enumeration {
  readonly variables: readonly string[];
  readonly values: readonly string[];
  /** What counts when nothing is left. */
  readonly fallback: string;
  /** Several values with commas between them. */
  readonly isList?: true;
}

const ofSignals = (name: string) => [
  `OTEL_EXPORTER_OTLP_${name}`,
  ...["TRACES", "METRICS", "LOGS"].map((signal) => `OTEL_EXPORTER_OTLP_${signal}_${name}`),
];

const samplers = ["always_on", "always_off", "traceidratio"];

/** Variables of OpenTelemetry's whose values are names, with those that this agent or OpenTelemetry's SDK knows. */
const enumerations: readonly Enumeration[] = [
  {
    variables: ["OTEL_TRACES_SAMPLER"],
    values: [...samplers, ...samplers.map((name) => `parentbased_${name}`)],
    fallback: "parentbased_always_on",
  },
  {
    variables: ofSignals("PROTOCOL"),
    values: ["http/protobuf", "http/json", "grpc"],
    fallback: "http/protobuf",
  },
  { variables: ofSignals("COMPRESSION"), values: ["gzip", "none"], fallback: "the default" },
  {
    variables: ["OTEL_PROPAGATORS"],
    values: ["tracecontext", "baggage", "b3", "b3multi", "none"],
    fallback: "tracecontext,baggage",
    isList: true,
  },
  {
    variables: ["OTEL_NODE_RESOURCE_DETECTORS"],
    values: "all none env host process container os serviceinstance alibaba aws azure gcp".split(
      " ",
    ),
    fallback: "env,host,process,container",
    isList: true,
  },
  {
    variables: ["OTEL_TRACES_EXPORTER"],
    values: ["otlp", "zipkin", "console", "none"],
    fallback: "otlp",
    isList: true,
  },
  {
    variables: ["OTEL_METRICS_EXPORTER"],
    values: ["otlp", "prometheus", "console", "none"],
    fallback: "none",
    isList: true,
  },
  {
    variables: ["OTEL_LOGS_EXPORTER"],
    values: ["otlp", "console", "none"],
    fallback: "none",
    isList: true,
  },
];

/**
 * The environment without names that nobody knows; each is said once, with what is used instead. So OpenTelemetry's specification
 * wants it, which does not tell capitals from small letters either. What is right stays the very same environment.
 */
export function withKnownValues(env: Environment, warnings: string[]): Environment {
  const changed: Record<string, string | undefined> = {};
  for (const enumeration of enumerations) {
    for (const name of enumeration.variables) {
      const text = env[name]?.trim();
      if (!text) continue;
      const kept = keepKnown(name, text, enumeration, warnings);
      if (kept !== text) changed[name] = kept;
    }
  }
  return Object.keys(changed).length === 0 ? env : { ...env, ...changed };
}

/** "" when nothing is left: as if it were not set. */
function keepKnown(
  name: string,
  text: string,
  { values, fallback, isList }: Enumeration,
  warnings: string[],
): string {
  const given = isList ? text.split(",").flatMap((item) => item.trim() || []) : [text];
  const isKnown = (value: string) => values.includes(value.toLowerCase());
  const kept = given.filter(isKnown).join(",").toLowerCase();
  const unknown = given.filter((value) => !isKnown(value));
  if (unknown.length > 0) {
    const what = unknown.join(", ").slice(0, 64);
    warnings.push(
      `${name} is "${what}", none of ${values.join(", ")}; ${kept || fallback} is used`,
    );
  }
  return kept;
}
