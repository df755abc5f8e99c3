import type { TraceResponse } from "../../../collector/api/responses.ts";

/** Colours that the stylesheet defines as --service-0 … */
const SERVICE_COLORS = 6;
const servicesByTrace = new WeakMap<TraceResponse, readonly string[]>();

/** In order of appearance. */
export function servicesOf(trace: TraceResponse): readonly string[] {
  const known = servicesByTrace.get(trace);
  if (known !== undefined) return known;
  const services = [...new Set(trace.service)];
  servicesByTrace.set(trace, services);
  return services;
}

/** A support for the eye only: the service's name is always there as text. */
export function serviceColor(trace: TraceResponse, service: string): string {
  return `var(--service-${servicesOf(trace).indexOf(service) % SERVICE_COLORS})`;
}
