import nodeModule from "node:module";
import type { instrumentedModules } from "./index.ts";

/**
 * `node --import @culprit/agent app.mjs`: the same agent, and in addition a loader for modules that are imported rather
 * than required. It wraps only the modules that are instrumented; the application's own are loaded as they are.
 *
 * Not imported by name: an old Node has no `register`, and would end here instead of staying without the agent.
 */
const agent: { instrumentedModules: typeof instrumentedModules } = nodeModule.createRequire(
  import.meta.url,
)(agentFile());

if (agent.instrumentedModules.length > 0) {
  nodeModule.register("@opentelemetry/instrumentation/hook.mjs", import.meta.url, {
    data: { include: agent.instrumentedModules },
  });
}

/** `index.ts` as it is called once built. */
function agentFile(): string {
  return "./index.cjs";
}
