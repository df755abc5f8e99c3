import { expect, test } from "vitest";
import { buildTrace, query } from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
import { endpointLabel, endpointOf, endpointSpanOf, isHealthCheck } from "./endpoint-span.ts";

const endpointNameOf = (trace: ReturnType<typeof buildTrace>) =>
  trace.name[endpointSpanOf(trace, trace.name.indexOf(query.name))];

test("the nearest server span, through everything between", () => {
  expect(endpointNameOf(buildTrace(["GET /orders", 0, 9, ["load", 1, 8, [query, 2, 3]]]))).toBe(
    "GET /orders",
  );
});

test("the nearest consumer span: each message is an endpoint of its own", () => {
  const message = { name: "process orders", kind: spanKind.consumer };
  expect(endpointNameOf(buildTrace(["POST /orders", 0, 9, [message, 1, 8, [query, 2, 3]]]))).toBe(
    "process orders",
  );
});

test("the top of the service when it has no server span", () => {
  const job = { name: "nightly", service: "worker" };
  expect(
    endpointNameOf(buildTrace(["GET /orders", 0, 9, [job, 1, 8, ["step", 1, 7, [query, 2, 3]]]])),
  ).toBe("nightly");
  expect(endpointNameOf(buildTrace(["script", 0, 9, [query, 2, 3]]))).toBe("script");
});

test("an endpoint is method and route, else the name, and is shown once", () => {
  const labelOf = (fields: object) => {
    const trace = buildTrace([{ name: "GET", kind: spanKind.server, ...fields }, 0, 1]);
    return endpointLabel(endpointOf(trace, 0));
  };
  expect(labelOf({ httpRequestMethod: "GET", httpRoute: "/orders" })).toBe("GET /orders");
  expect(labelOf({ httpRequestMethod: "GET" })).toBe("GET");
  expect(labelOf({ httpRequestMethod: "GET", name: "GET /orders" })).toBe("GET /orders");
  expect(labelOf({ name: "process orders" })).toBe("process orders");
});

test("health checks are known by the end of their route", () => {
  for (const route of ["/health", "/api/healthz", "/Readyz/", "/ping"]) {
    expect(isHealthCheck({ method: "GET", route }), route).toBe(true);
  }
  for (const route of ["/healthy-recipes", "/orders/health/notes", "/shipping", "/status"]) {
    expect(isHealthCheck({ method: "GET", route }), route).toBe(false);
  }
});
