import { createElement, type FunctionComponent } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { Finding } from "../../../analyzers/model/finding.ts";
import { EndpointName } from "./endpoint-name.tsx";
import { FindingEvidence } from "./finding-evidence.tsx";
import { FindingWhat } from "./finding-what.tsx";

/** What a reader sees, without its markup. */
function textOf<Props extends object>(component: FunctionComponent<Props>, props: Props): string {
  return renderToStaticMarkup(createElement(component, props))
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ");
}

const finding: Finding = {
  id: "f".repeat(32),
  detector: "slow-query",
  detectorVersion: 2,
  title: "Slow query",
  summary: "GET /orders waits for one query",
  severity: "warning",
  confidence: "high",
  status: "new",
  service: "shop",
  environment: "",
  endpoint: { method: "GET", route: "/orders" },
  callSite: null,
  shape: null,
  firstSeenAt: 0,
  lastSeenAt: 0,
  serviceVersions: [],
  evidence: {
    tracesAffected: 7,
    tracesOfEndpoint: 12,
    repeatsMedian: 1,
    repeatsMax: 1,
    sampleTraces: [],
  },
  impact: { criticalPathShare: 0.5, secondsPerDay: 3 },
  prediction: null,
  fix: [],
};
const others = [
  { method: "GET", route: "/orders/{id}" },
  { method: "", route: "nightly" },
];

test("a finding of several endpoints lists them, and counts the traces of all", () => {
  expect(textOf(FindingWhat, { finding })).not.toContain("Also at");
  expect(textOf(FindingEvidence, { finding })).toContain("Seen in 7 of 12 traces of the endpoint.");
  const several = { ...finding, otherEndpoints: others };
  expect(textOf(FindingWhat, { finding: several })).toContain("Also at GET /orders/{id} , nightly");
  expect(textOf(FindingEvidence, { finding: several })).toContain(
    "Seen in 7 traces of 3 endpoints.",
  );
});

test("an endpoint without a route goes by its name, and its method is not said twice", () => {
  const nameOf = (method: string, route: string) =>
    textOf(EndpointName, { endpoint: { method, route } }).trim();
  expect(nameOf("GET", "/orders")).toBe("GET /orders");
  expect(nameOf("GET", "GET /orders")).toBe("GET /orders");
  expect(nameOf("GET", "GET")).toBe("GET");
  expect(nameOf("", "process orders")).toBe("process orders");
});
