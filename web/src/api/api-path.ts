import type { EndpointKey } from "../router/route.ts";

const ROOT = "api/v1";

/** The addresses of the read API, relative to the page's base. */
export const apiPath = {
  findings: `${ROOT}/findings`,
  endpoints: `${ROOT}/endpoints`,
  finding: (id: string) => `${ROOT}/findings/${encodeURIComponent(id)}`,
  trace: (traceId: string) => `${ROOT}/traces/${encodeURIComponent(traceId)}`,
  traceLogs: (traceId: string) => `${ROOT}/traces/${encodeURIComponent(traceId)}/logs`,
  span: (traceId: string, spanId: string) =>
    `${ROOT}/traces/${encodeURIComponent(traceId)}/spans/${encodeURIComponent(spanId)}`,
  criticalPath: (endpoint: EndpointKey) => ofEndpoint("critical-path", endpoint),
  gain: (endpoint: EndpointKey) => ofEndpoint("gain", endpoint),
};

function ofEndpoint(resource: string, { service, environment, method, route }: EndpointKey) {
  const query = new URLSearchParams({ service, environment, method, route });
  return `${ROOT}/endpoints/${resource}?${query}`;
}
