import { createRequire } from "node:module";
import type { watchImports } from "./index.ts";

/**
 * `node --import @culprit/agent app.mjs`: the same agent, and in addition it sees modules that are imported rather than
 * required.
 */
const agent: { watchImports: typeof watchImports } = createRequire(import.meta.url)(agentFile());

agent.watchImports();

/** `index.ts` as it is called once built. */
function agentFile(): string {
  return "./index.cjs";
}
