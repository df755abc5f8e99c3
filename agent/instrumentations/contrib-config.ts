import type { InstrumentationConfigMap } from "@opentelemetry/auto-instrumentations-node";
import type { Config } from "../config.ts";
import type { CallEvidence } from "../evidence/call-evidence.ts";
import { createCapturedHeaders } from "../evidence/captured-headers.ts";
import { rowsOfMongodb, rowsOfMysql2, rowsOfPg } from "../evidence/returned-rows.ts";

/** How contrib instrumentations are set up: without spans that say nothing, and with our evidence. */
export function contribConfig(config: Config, evidence: CallEvidence): InstrumentationConfigMap {
  return {
    ...withoutNoise(config),
    ...withEvidence(config, evidence),
    ...withLogCorrelation(config),
  };
}

/** Of the 19 spans that a request makes by default, 14 say nothing about where its time went. */
function withoutNoise({ enabledInstrumentations }: Config): InstrumentationConfigMap {
  const offUnlessAsked = (name: string) =>
    enabledInstrumentations.includes(name) ? {} : { enabled: false };
  return {
    // One span a file operation, most of them from loading modules.
    "@opentelemetry/instrumentation-fs": offUnlessAsked("fs"),
    // Connecting is part of the call that needs the connection.
    "@opentelemetry/instrumentation-dns": offUnlessAsked("dns"),
    "@opentelemetry/instrumentation-net": offUnlessAsked("net"),
    // Express 5 is built on it: each layer would be wrapped twice.
    "@opentelemetry/instrumentation-router": offUnlessAsked("router"),
    // Of the host, not of this process: that is a node exporter's work.
    "@opentelemetry/instrumentation-host-metrics": offUnlessAsked("host-metrics"),
    // `runtime/` measures the same.
    "@opentelemetry/instrumentation-runtime-node": offUnlessAsked("runtime-node"),
    // The route is still put on the server span; the layers are not spans of their own. The enums of their types are
    // not exported by the package that we depend on.
    "@opentelemetry/instrumentation-express": {
      ignoreLayersType: ["middleware", "router", "request_handler"] as never[],
    },
    "@opentelemetry/instrumentation-koa": { ignoreLayersType: ["middleware"] as never[] },
    "@opentelemetry/instrumentation-graphql": { ignoreTrivialResolveSpans: true },
  };
}

function withEvidence(
  { metricExporters, prometheusPort, capturedHeaders }: Config,
  evidence: CallEvidence,
): InstrumentationConfigMap {
  const captured = createCapturedHeaders(capturedHeaders);
  const isScraped = metricExporters?.includes("prometheus") ?? false;
  return {
    "@opentelemetry/instrumentation-pg": {
      ignoreConnectSpans: true,
      requestHook: (span, { query }) => evidence.addRequest(span, query.text, query.values),
      responseHook: (span, { data }) => evidence.addRows(span, rowsOfPg(data)),
    },
    "@opentelemetry/instrumentation-http": {
      // A scrape of our own metrics is no request to the application.
      ignoreIncomingRequestHook: ({ socket }) => isScraped && socket.localPort === prometheusPort,
      requestHook: (span, request) => {
        // The hook is called for requests that come in, too.
        if (!("getHeader" in request)) {
          captured?.addTo(span, request.headers);
          return;
        }
        const { method, path } = request;
        const origin = String(request.getHeader("host") ?? request.host);
        evidence.addHttpRequest(span, { method, origin, path });
      },
    },
    // Node's `fetch` is built on it.
    "@opentelemetry/instrumentation-undici": {
      requestHook: (span, { method, origin, path }) =>
        evidence.addHttpRequest(span, { method, origin, path }),
    },
    "@opentelemetry/instrumentation-mysql2": {
      // Otherwise the values of the parameters are written into `db.query.text`; this leaves the placeholders.
      maskStatement: true,
      maskStatementHook: (statement) => statement,
      responseHook: (span, { queryResults }) => evidence.addRows(span, rowsOfMysql2(queryResults)),
    },
    "@opentelemetry/instrumentation-mongodb": {
      responseHook: (span, { data }) => evidence.addRows(span, rowsOfMongodb(data.result)),
    },
    "@opentelemetry/instrumentation-ioredis": {
      requestHook: (span, { cmdName, cmdArgs }) => evidence.addRequest(span, cmdName, cmdArgs),
    },
  };
}

/** Log lines get the trace's id; lines themselves are sent only when `OTEL_LOGS_EXPORTER` asks for it. */
function withLogCorrelation({ isLogExported }: Config): InstrumentationConfigMap {
  const options = { disableLogSending: !isLogExported };
  return {
    "@opentelemetry/instrumentation-bunyan": options,
    "@opentelemetry/instrumentation-pino": options,
    "@opentelemetry/instrumentation-winston": options,
  };
}
