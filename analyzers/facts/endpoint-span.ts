import type { Endpoint } from "../model/finding.ts";
import { type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
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

/** Method and route; without a route the span's name, for it is all there is. */
export function endpointOf(trace: TraceView, span: SpanIndex): Endpoint {
  const method = trace.httpRequestMethod[span]!;
  return { method, route: trace.httpRoute[span] || trace.name[span]! };
}

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
