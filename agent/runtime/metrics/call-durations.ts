import type { Attributes, SpanContext } from "@opentelemetry/api";
import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_SCHEME,
  METRIC_DB_CLIENT_OPERATION_DURATION,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
} from "@opentelemetry/semantic-conventions";
import { DurationHistogram } from "./duration-histogram.ts";
import type { Metric } from "./metric.ts";

/** Bounds that the semantic conventions recommend, in seconds. */
const httpBounds = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const;
export const databaseBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] as const;

const serverKeys = [
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_ROUTE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_URL_SCHEME,
  ATTR_ERROR_TYPE,
] as const;
const clientKeys = [
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_ERROR_TYPE,
] as const;
const databaseKeys = [
  ATTR_DB_SYSTEM_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_COLLECTION_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_ERROR_TYPE,
] as const;

/** Of a span that has ended, what its duration is counted by. */
export interface EndedCall {
  readonly durationS: number;
  readonly attributes: Attributes;
  readonly span: SpanContext;
}

/** How long requests, calls of other services, and calls of databases took. */
export class CallDurations {
  readonly #server = new DurationHistogram({
    name: METRIC_HTTP_SERVER_REQUEST_DURATION,
    description: "Duration of HTTP server requests.",
    bounds: httpBounds,
  });
  readonly #client = new DurationHistogram({
    name: METRIC_HTTP_CLIENT_REQUEST_DURATION,
    description: "Duration of HTTP client requests.",
    bounds: httpBounds,
  });
  readonly #database = new DurationHistogram({
    name: METRIC_DB_CLIENT_OPERATION_DURATION,
    description: "Duration of database client operations.",
    bounds: databaseBounds,
  });

  recordServer(call: EndedCall): void {
    if (ATTR_HTTP_REQUEST_METHOD in call.attributes) record(this.#server, serverKeys, call);
  }

  /** Of a client span; one that is neither HTTP's nor a database's is left out. */
  recordClient(call: EndedCall): void {
    if (ATTR_DB_SYSTEM_NAME in call.attributes) record(this.#database, databaseKeys, call);
    else if (ATTR_HTTP_REQUEST_METHOD in call.attributes) record(this.#client, clientKeys, call);
  }

  collect(): readonly Metric[] {
    return [this.#server.collect(), this.#client.collect(), this.#database.collect()];
  }
}

function record(histogram: DurationHistogram, keys: readonly string[], call: EndedCall): void {
  const { attributes } = call;
  let key = "";
  for (const name of keys) key += `${attributes[name] ?? ""}\n`;
  histogram.record(call.durationS, key, () => pick(attributes, keys), call.span);
}

function pick(attributes: Attributes, keys: readonly string[]): Attributes {
  return Object.fromEntries(
    keys.filter((key) => attributes[key] !== undefined).map((key) => [key, attributes[key]]),
  );
}
