import { expect, test } from "vitest";
import { findOtherAgent } from "./other-agents.ts";

test.each([
  [["--require", "dd-trace/init"], "dd-trace"],
  [["-r", "newrelic"], "newrelic"],
  [["--require", '"newrelic"'], "newrelic"],
  [["--import=@sentry/node/preload"], "@sentry/node"],
  [["--import", "/app/node_modules/elastic-apm-node/start.js"], "elastic-apm-node"],
  [["--require=C:\\app\\node_modules\\dd-trace\\init.js"], "dd-trace"],
  [
    ["--require", "@opentelemetry/auto-instrumentations-node/register"],
    "@opentelemetry/auto-instrumentations-node",
  ],
] as const)("%j loads another agent", (flags, name) => {
  expect(findOtherAgent(flags)).toBe(name);
});

test.each([
  [[]],
  [["--require", "@culprit/agent"]],
  [["--title", "newrelic"]],
  [["--require", "./newrelic-is-not-here.js"]],
  [["--require", "dd-tracer"]],
  [["--conditions=dd-trace"]],
])("%j loads none", (flags) => {
  expect(findOtherAgent(flags)).toBeUndefined();
});
