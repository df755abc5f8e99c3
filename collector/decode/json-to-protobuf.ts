import type { Signal } from "../signal.ts";
import { JsonRewriter } from "./json-rewriter.ts";
import { type JsonObject, parseJson, toObject, toObjects } from "./json-values.ts";
import { writeLogRecord } from "./log-json.ts";
import { writeMetric } from "./metric-json.ts";
import { writeSpan } from "./span-json.ts";

/** How a signal's export request names its levels, and what writes the innermost: a field of number 2. */
interface RequestNames {
  readonly resources: string;
  readonly scopes: string;
  /** What `scopes` was called before OTLP 0.15; its scope was `instrumentationLibrary`. */
  readonly libraries: string;
  readonly items: string;
  readonly writeItem: (rewriter: JsonRewriter, item: JsonObject) => void;
}

const namesBySignal: Readonly<Record<Signal, RequestNames>> = {
  traces: {
    resources: "resourceSpans",
    scopes: "scopeSpans",
    libraries: "instrumentationLibrarySpans",
    items: "spans",
    writeItem: writeSpan,
  },
  metrics: {
    resources: "resourceMetrics",
    scopes: "scopeMetrics",
    libraries: "instrumentationLibraryMetrics",
    items: "metrics",
    writeItem: writeMetric,
  },
  logs: {
    resources: "resourceLogs",
    scopes: "scopeLogs",
    libraries: "instrumentationLibraryLogs",
    items: "logRecords",
    writeItem: writeLogRecord,
  },
};

/**
 * Rewrites an export request from OTLP's JSON encoding to protobuf, so that the decoder has one input and both encodings
 * one meaning. Fields are known by their lowerCamelCase name alone; others are ignored. Spans with wrong ids are passed
 * on, for the decoder to count.
 *
 * Throws DecodeError INVALID_JSON or NESTING_TOO_DEEP.
 */
export function toProtobuf(signal: Signal, body: Uint8Array, anyValueDepthMax: number): Uint8Array {
  const request = toObject(parseJson(body), "request") ?? {};
  const rewriter = new JsonRewriter(anyValueDepthMax);
  const names = namesBySignal[signal];
  for (const resource of toObjects(request[names.resources], names.resources)) {
    rewriter.writeMessage(1, () => writeResource(rewriter, resource, names));
  }
  return rewriter.out.toBytes();
}

/** ResourceSpans, ResourceLogs … */
function writeResource(rewriter: JsonRewriter, owner: JsonObject, names: RequestNames): void {
  const resource = toObject(owner.resource, "resource");
  if (resource !== null) {
    rewriter.writeMessage(1, () => rewriter.writeAttributes(1, resource));
  }
  const scopes = toObjects(owner[names.scopes], names.scopes);
  const named = scopes.length > 0 ? names.scopes : names.libraries;
  const scopeName = named === names.scopes ? "scope" : "instrumentationLibrary";
  for (const scope of toObjects(owner[named], named)) {
    rewriter.writeMessage(2, () => writeScope(rewriter, scope, scopeName, names));
  }
}

/** ScopeSpans, ScopeLogs … */
function writeScope(
  rewriter: JsonRewriter,
  owner: JsonObject,
  scopeName: string,
  names: RequestNames,
): void {
  const scope = toObject(owner[scopeName], scopeName);
  if (scope !== null) {
    rewriter.writeMessage(1, () => {
      rewriter.writeText(1, scope, "name");
      rewriter.writeText(2, scope, "version");
      rewriter.writeAttributes(3, scope);
    });
  }
  for (const item of toObjects(owner[names.items], names.items)) {
    rewriter.writeMessage(2, () => names.writeItem(rewriter, item));
  }
}
