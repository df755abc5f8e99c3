/**
 * Sends one trace over each transport, plain and gzip, with the exporters of one version, as an application would, and
 * prints their trace ids by transport as JSON. Usage: node client.cjs VERSION HTTP_URL GRPC_URL
 */
const { context, trace } = require("@opentelemetry/api");

const [version, httpUrl, grpcUrl] = process.argv.slice(2);
const sdk = require(`sdk-${version}`);
const Provider = sdk.TracerProvider ?? sdk.BasicTracerProvider;

const attributes = {
  "http.request.method": "GET",
  "http.route": "/orders",
  int: 42,
  double: 0.5,
  flag: true,
  list: ["a", "b"],
};

async function sendOver(transport, compression) {
  const url = transport === "grpc" ? grpcUrl : `${httpUrl}/v1/traces`;
  const { OTLPTraceExporter } = require(`${transport}-${version}`);
  const exporter = new OTLPTraceExporter({ url, compression });
  const processor = new sdk.BatchSpanProcessor(version === "0.301" ? { exporter } : exporter);
  const provider = new Provider({ spanProcessors: [processor] });
  // Its constructor takes processors from 1.26 on.
  if (version === "0.52") provider.addSpanProcessor(processor);
  const tracer = provider.getTracer("interop", "1.0");
  const parent = tracer.startSpan(`${transport} ${compression}`, { kind: 1, attributes });
  const child = tracer.startSpan(
    "SELECT",
    { kind: 2, links: [{ context: parent.spanContext(), attributes: { why: "test" } }] },
    trace.setSpan(context.active(), parent),
  );
  child.addEvent("read", { rows: 7 });
  child.setStatus({ code: 2, message: "timeout" });
  child.end();
  parent.end();
  await provider.forceFlush();
  await provider.shutdown();
  return parent.spanContext().traceId;
}

async function main() {
  const traceIds = {};
  for (const transport of ["http", "proto", "grpc"]) {
    for (const compression of ["none", "gzip"]) {
      traceIds[`${transport} ${compression}`] = await sendOver(transport, compression);
    }
  }
  process.stdout.write(JSON.stringify(traceIds));
}

main().catch((error) => {
  process.stderr.write(`${require("node:util").inspect(error)}\n`);
  process.exitCode = 1;
});
