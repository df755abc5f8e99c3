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

test("a server that knows no route has that of its handler, not of a middleware or of another service", () => {
  const at = (name: string, httpRoute: string) => ({ name, httpRoute });
  const server = { name: "GET", kind: spanKind.server, httpRequestMethod: "GET" };
  const trace = buildTrace([
    server,
    0,
    90,
    [at("middleware - jsonParser", "/a/longer/one"), 0, 1],
    [at("BookingModule", "/lists"), 1, 80, [at("request handler", "/lists/:id"), 2, 70]],
    [
      { name: "GET", kind: spanKind.client },
      70,
      80,
      [{ ...server, httpRoute: "/stock/of/others" }, 71, 79],
    ],
  ]);
  expect(endpointOf(trace, 0)).toEqual({ method: "GET", route: "/lists/:id" });
  expect(endpointOf(buildTrace([server, 0, 9, ["work", 0, 8]]), 0).route).toBe("GET");
});

test("a server of Fastify has the route that its plugin tells, or none", () => {
  const server = { name: "GET", kind: spanKind.server, httpRequestMethod: "GET" };
  const of = (name: string) => ({ name, httpRoute: "/customers/:id", httpRequestMethod: "GET" });
  const below = [of("request"), 0, 8, [of("handler - fastify -> @fastify/otel"), 1, 7]] as const;
  // As it is sent with `@fastify/otel`; where another instrumentation made the server's span; without the plugin.
  const told = { ...server, name: "GET /customers/:id", httpRoute: "/customers/:id" };
  expect(endpointOf(buildTrace([told, 0, 9, [...below]]), 0).route).toBe("/customers/:id");
  expect(endpointOf(buildTrace([server, 0, 9, [...below]]), 0).route).toBe("/customers/:id");
  expect(endpointOf(buildTrace([server, 0, 9, [query, 1, 5]]), 0).route).toBe("GET");
});

test("a server that is named by its path is one endpoint, whatever ids are in it", () => {
  const routeOf = (name: string) =>
    endpointOf(buildTrace([{ name, kind: spanKind.server }, 0, 1]), 0).route;
  expect(routeOf("GET /orders/17/lines/4")).toBe("GET /orders/{id}/lines/{id}");
  expect(routeOf("/users/0b1e2f3a-1111-4222-8333-444455556666")).toBe("/users/{id}");
  expect(routeOf("GET /v2/orders")).toBe("GET /v2/orders");
});

test("health checks are known by the end of their route", () => {
  for (const route of [
    "/health",
    "/api/healthz",
    "/Readyz/",
    "/ping",
    "/health/ready",
    "/_health",
  ]) {
    expect(isHealthCheck({ method: "GET", route }), route).toBe(true);
  }
  for (const route of ["/healthy-recipes", "/orders/health/notes", "/shipping", "/status"]) {
    expect(isHealthCheck({ method: "GET", route }), route).toBe(false);
  }
});
