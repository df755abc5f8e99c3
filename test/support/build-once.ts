import { buildAgent } from "../../agent/build.ts";

/** Before the first end-to-end test: what its applications load is the agent of these sources. */
export async function setup(): Promise<void> {
  await buildAgent();
}
