import { toRedactedException } from "../tracing/exception-attributes.ts";
import type { LocalTrace } from "../tracing/local-trace.ts";
import type { Tracing } from "../tracing/tracing.ts";

const patternCharactersMax = 1_024;

/** The request that is answered now; undefined outside of one, and when it is not sampled. */
export function answeredRequest(tracing: Tracing): LocalTrace | undefined {
  const trace = tracing.contexts.current()?.trace;
  return trace?.server !== undefined && trace.isSampled ? trace : undefined;
}

/** Notes the route that a framework has found, for the name of the request's span. */
export function setRoute(request: LocalTrace, pattern: string): void {
  const route = pattern.slice(0, patternCharactersMax) || "/";
  request.route = route.length > 1 && route.endsWith("/") ? route.slice(0, -1) : route;
}

/** What a handler has thrown; nothing when the error is the framework's way to give a 4xx answer. */
export function addException(tracing: Tracing, error: unknown): void {
  if (isClientsFault(error)) return;
  answeredRequest(tracing)?.server?.addEvent("exception", toRedactedException(error));
}

function isClientsFault(error: unknown): boolean {
  const { status, statusCode = status, output } = Object(error) as Record<string, unknown>;
  // Hapi's errors have their answer in them.
  const { statusCode: code = statusCode } = Object(output) as Record<string, unknown>;
  return typeof code === "number" && code >= 400 && code < 500;
}
