import { createRequire } from "node:module";
import type { Config } from "../config.ts";
import { createCallEvidence } from "../evidence/call-evidence.ts";
import type { HashParams } from "../evidence/params-hash.ts";
import { contribConfig } from "./contrib-config.ts";

type InstrumentationClass = new (config: object) => { enable(): void };

/**
 * Enables contrib instrumentations one by one, as their libraries are loaded. They are packages of
 * `auto-instrumentations-node`, which itself would load them all.
 */
export function createContrib(config: Config, hashParams: HashParams): (name: string) => void {
  const evidence = createCallEvidence({
    hashParams,
    callSiteRepeatsMin: config.callSiteRepeatsMin,
  });
  const configs = contribConfig(config, evidence) as Record<string, object | undefined>;
  const requireAgents = createRequire(import.meta.url);
  const requireTheirs = createRequire(
    requireAgents.resolve("@opentelemetry/auto-instrumentations-node"),
  );
  return (name) => {
    const packageName = `@opentelemetry/instrumentation-${name}`;
    const exported = requireTheirs(packageName) as Record<string, unknown>;
    const Instrumentation = Object.values(exported).find(isInstrumentation);
    if (Instrumentation === undefined) throw new Error(`${packageName} exports no instrumentation`);
    // It enables itself.
    new Instrumentation({ ...configs[packageName] });
  };
}

function isInstrumentation(value: unknown): value is InstrumentationClass {
  return typeof value === "function" && value.name.endsWith("Instrumentation");
}
