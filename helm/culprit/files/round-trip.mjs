// Run by `helm test`: sends one span and asks for its trace until it is there, for a minute. Takes the base URL. Key and
// token are read from files, where they are needed.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

function bearer(file) {
  if (!existsSync(file)) return {};
  return { authorization: `Bearer ${readFileSync(file, "utf8").trim()}` };
}

const url = process.argv.at(-1);
const traceId = randomBytes(16).toString("hex");
const now = BigInt(Date.now()) * 1_000_000n;
const span = {
  traceId,
  spanId: randomBytes(8).toString("hex"),
  name: "helm test",
  kind: 2,
  startTimeUnixNano: String(now - 1_000_000n),
  endTimeUnixNano: String(now),
};
const service = { key: "service.name", value: { stringValue: "helm-test" } };

const sent = await fetch(`${url}/v1/traces`, {
  method: "POST",
  headers: { "content-type": "application/json", ...bearer("/secrets/ingest-key") },
  body: JSON.stringify({
    resourceSpans: [{ resource: { attributes: [service] }, scopeSpans: [{ spans: [span] }] }],
  }),
});
if (!sent.ok) throw new Error(`sending a span was answered ${sent.status}: ${await sent.text()}`);

for (let attempt = 0; attempt < 60; attempt++) {
  const read = await fetch(`${url}/api/v1/traces/${traceId}`, {
    headers: bearer("/secrets/api-token"),
  });
  if (read.ok) {
    process.stdout.write(`trace ${traceId} was sent, stored and read\n`);
    process.exit(0);
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
throw new Error(`trace ${traceId} was accepted but could not be read within a minute`);
