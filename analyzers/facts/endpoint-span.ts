import type { Endpoint } from "../model/finding.ts";
import { type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { oncePerText } from "./once-per-text.ts";
import { oncePerTrace } from "./once-per-trace.ts";
import { topDown } from "./top-down.ts";

/**
 * The endpoint that a span works for: the nearest server or consumer span at or above it in the same service, else
 * the topmost span that is still of that service.
 */
export function endpointSpanOf(trace: TraceView, span: SpanIndex): SpanIndex {
  return endpointSpans(trace)[span]!;
}

const endpointSpans = oncePerTrace((trace): Int32Array => {
  const { kind, service } = trace;
  const endpoints = new Int32Array(trace.size);
  const order = topDown(trace);
  for (let i = 0; i < order.length; i++) {
    const span = order[i]!;
    const parent = trace.parent[span]!;
    const isOwn =
      kind[span] === spanKind.server ||
      kind[span] === spanKind.consumer ||
      parent === -1 ||
      service[parent] !== service[span];
    endpoints[span] = isOwn ? span : endpoints[parent]!;
  }
  return endpoints;
});

/**
 * Method and route. Without a route it is that of the handler below, for the instrumentations of some frameworks know it only
 * there; else the span's name, which may be no more than the method.
 *
 *   GET                            server, no route: Nest and Koa's routers under OpenTelemetry's own SDK
 *     middleware - jsonParser        "/"
 *     request handler - /lists       "/lists"
 */
export function endpointOf(trace: TraceView, span: SpanIndex): Endpoint {
  const method = trace.httpRequestMethod[span]!;
  const route = trace.httpRoute[span] || handlerRoutes(trace).get(span);
  return { method, route: route || withoutIds(trace.name[span]!) };
}

/** Some name the span by its path: one endpoint, and one finding, for each id would be as many as there are rows. */
const withoutIds = oncePerText((name) =>
  name.includes("/")
    ? name.replace(/\/(\d+|[\da-f]{8}-[\da-f-]{27}|[\da-f]{16,})(?=\/|$)/gi, "/{id}")
    : name,
);

/** Of each span that serves without a route the longest that a handler of its own has. */
const handlerRoutes = oncePerTrace((trace): ReadonlyMap<SpanIndex, string> => {
  const { kind, httpRoute } = trace;
  const routes = new Map<SpanIndex, string>();
  for (let span = 0; span < trace.size; span++) {
    if (httpRoute[span] === "" || kind[span] !== spanKind.internal) continue;
    const endpoint = endpointSpanOf(trace, span);
    const isUnnamed = kind[endpoint] === spanKind.server && httpRoute[endpoint] === "";
    if (!isUnnamed || trace.name[span]!.startsWith("middleware")) continue;
    if (httpRoute[span]!.length > (routes.get(endpoint)?.length ?? 0)) {
      routes.set(endpoint, httpRoute[span]!);
    }
  }
  return routes;
});

/** What findings about an endpoint have in common: service, environment, method, route. */
export function endpointIdentity(trace: TraceView, span: SpanIndex): string[] {
  const { method, route } = endpointOf(trace, span);
  return [trace.service[span]!, trace.environment[span]!, method, route];
}

/** "GET /orders". */
export function endpointLabel({ method, route }: Endpoint): string {
  const hasMethod = method === "" || route === method || route.startsWith(`${method} `);
  return hasMethod ? route : `${method} ${route}`;
}

/** Endings of routes that only say whether a process lives; nobody waits for them. For JavaScript and for ClickHouse. */
export const healthCheckPattern =
  "(?i)/(_?health|healthz|healthcheck|health-check|livez|readyz|startupz|liveness|readiness|ping|heartbeat)(/(live|liveness|ready|readiness|startup|db|deep|full))?/?$";

const healthCheck = new RegExp(healthCheckPattern.replace("(?i)", ""), "i");

export function isHealthCheck({ route }: Endpoint): boolean {
  return healthCheck.test(route);
}
