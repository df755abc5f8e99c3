import { moduleClass } from "./module-class.ts";

/** Packages that trace a process, and what is found in one where they run already. */
const otherAgents: Readonly<Record<string, string | undefined>> = {
  "dd-trace": "_ddtrace",
  newrelic: undefined,
  "elastic-apm-node": undefined,
  "@elastic/opentelemetry-node": undefined,
  "@sentry/node": undefined,
  "@appsignal/nodejs": undefined,
  "@instana/collector": undefined,
  "@opentelemetry/sdk-node": undefined,
  "@opentelemetry/sdk-trace-node": undefined,
  "@opentelemetry/auto-instrumentations-node": undefined,
};

/** Two agents around the same functions count everything twice, and one's context is lost in the other's. */
export const otherAgentPackages: readonly string[] = Object.keys(otherAgents);

/**
 * Another agent that runs in this process already, or will, since a flag of Node loads it. `flags` are Node's own, those
 * of the command line and of `NODE_OPTIONS`. One that the application loads itself is seen later, by `ModuleLoads`.
 */
export function findOtherAgent(flags: readonly string[]): string | undefined {
  const world = globalThis as typeof globalThis & Record<symbol | string, unknown>;
  const openTelemetry = world[Symbol.for("opentelemetry.js.api.1")] as object | undefined;
  if (openTelemetry && "trace" in openTelemetry) return "another OpenTelemetry SDK";
  const { _cache: modules } = moduleClass as unknown as { _cache: Record<string, unknown> };
  const files = Object.keys(modules);
  return otherAgentPackages.find((name) => {
    const global = otherAgents[name];
    if (global !== undefined && global in world) return true;
    return files.some((file) => isInPackage(file, name)) || isPreloaded(flags, name);
  });
}

function isInPackage(file: string, name: string): boolean {
  return file.replaceAll("\\", "/").includes(`/node_modules/${name}/`);
}

/** `--require NAME/init`, `--import=NAME`, `-r NAME`, or a file of the package. */
function isPreloaded(flags: readonly string[], name: string): boolean {
  return flags.some((flag, i) => {
    const [, inline] = /^--(?:require|import)=(.*)$/.exec(flag) ?? [];
    const isValue = /^(-r|--require|--import)$/.test(flags[i - 1] ?? "");
    // `NODE_OPTIONS` may have quotes around a path.
    const value = (inline ?? (isValue ? flag : undefined))?.replaceAll('"', "");
    if (value === undefined) return false;
    return value === name || value.startsWith(`${name}/`) || isInPackage(value, name);
  });
}
