const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

const tests = "[.]test[.]tsx?$";
const source = { path: "^(agent|alerts|analyzers|cli|collector|storage|web)/", pathNot: tests };
const detector = { path: "^analyzers/(trace|window|database)/", pathNot: tests };
const stage = "^collector/(receiver|decode|journal|api|auth)/";
const typeOnly = ["type-only"];

export default {
  forbidden: [
    forbid(
      "agent-stands-alone",
      "The agent runs in other people's processes and speaks to the rest only in OTLP.",
      { path: "^agent/" },
      { path: "^(alerts|analyzers|cli|collector|storage|web)/" },
    ),
    forbid(
      "analysis-is-pure",
      "Detectors turn data into findings: no I/O, no clock, no environment, no package but the names of attributes.",
      { path: "^analyzers/(model|facts|trace|window|gain)/", pathNot: tests },
      { pathNot: "^analyzers/|node_modules/@opentelemetry/semantic-conventions" },
    ),
    forbid(
      "model-knows-nobody",
      "The vocabulary knows none of those who speak it.",
      { path: "^analyzers/model/", pathNot: tests },
      { path: "^analyzers/(facts|trace|window|database|gain|schedule)/" },
    ),
    forbid(
      "detectors-know-no-gain",
      "A detector says what the fix changes; what that saves is computed after it.",
      detector,
      { path: "^analyzers/(gain|schedule)/" },
    ),
    forbid(
      "gain-knows-no-detector",
      "Gain is computed from a change to a trace, whoever proposes it.",
      { path: "^analyzers/gain/", pathNot: tests },
      { path: "^analyzers/(trace|window|database|schedule)/" },
    ),
    forbid(
      "facts-know-no-detector",
      "Facts are shared by detectors; they never know one.",
      { path: "^analyzers/facts/", pathNot: tests },
      { path: "^analyzers/(trace|window|database|gain|schedule)/" },
    ),
    forbid(
      "detectors-do-not-share",
      "Detectors share code through model/ and facts/, never with each other.",
      detector,
      { path: detector.path },
    ),
    forbid(
      "stages-meet-in-main",
      "cli/start.ts hands each stage what it needs; a stage may name another's types, not its values.",
      { path: stage, pathNot: tests },
      { path: stage, pathNot: "^collector/$1/", dependencyTypesNot: typeOnly },
    ),
    forbid(
      "clickhouse-only-in-storage",
      "One folder knows ClickHouse. Everyone else asks it.",
      { ...source, pathNot: ["^storage/", tests] },
      { path: "(^|node_modules/)(@clickhouse/|chdb)" },
    ),
    forbid(
      "storage-asks-nobody",
      "Storage is asked; it imports none of ours.",
      { path: "^storage/", pathNot: tests },
      { path: "^(agent|alerts|analyzers|cli|collector|web)/" },
    ),
    forbid(
      "alerts-name-types-only",
      "Alerts are handed findings; they may name their type.",
      { path: "^alerts/", pathNot: tests },
      { path: "^(agent|analyzers|cli|collector|storage|web)/", dependencyTypesNot: typeOnly },
    ),
    forbid(
      "web-names-types-only",
      "The browser bundle carries no server code.",
      { path: "^web/" },
      { path: "^(agent|alerts|analyzers|cli|collector|storage)/", dependencyTypesNot: typeOnly },
    ),
    forbid(
      "cli-is-imported-by-nobody",
      "cli builds the parts; no part knows it.",
      { path: "^(agent|alerts|analyzers|collector|storage|web)/" },
      { path: "^cli/" },
    ),
    forbid(
      "source-never-imports-tests",
      "Tests know the source, never the other way round.",
      source,
      {
        path: "^test/|[.]test[.]tsx?$",
      },
    ),
    forbid("no-cycles", "A cycle has no first file to read.", {}, { circular: true }),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/" },
  },
};
