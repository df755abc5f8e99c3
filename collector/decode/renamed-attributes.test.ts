import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { knownNames } from "./promoted-attributes.ts";
import { renamedAttributes } from "./renamed-attributes.ts";
import { decode } from "./testing/decode-model.ts";
import { attribute, type OtlpAttribute, requestOf } from "./testing/otlp-model.ts";

/** Renamed in the conventions, and left as they come. */
const kept: readonly RegExp[] = [
  // Their values changed as well.
  /^(net\.transport|messaging\.operation)$/,
  // Words that say something else outside of the metric that they belonged to.
  /^(state|pool\.name)$/,
  // One of several names of the server, and not the one that a client called.
  /^(http\.server_name|tls\.client\.server_name)$/,
  // Of hosts, phones, mainframes, profilers and repositories: nothing here reads them.
  /^(system|process|linux|vcs|android|ios)\.|^container\.cpu\.state$/,
  // Of exporters to formats without scopes.
  /^otel\.library\./,
];

function readRenamings(): [string, string][] {
  const entry = fileURLToPath(
    import.meta.resolve("@opentelemetry/semantic-conventions/incubating"),
  );
  const file = entry.replace(/[^/]+$/, "experimental_attributes.d.mts");
  const declaration = /\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s*declare const ATTR_\w+: "([^"]+)"/g;
  return [...readFileSync(file, "utf8").matchAll(declaration)].flatMap(([, comment, name]) => {
    const [, current] = /@deprecated (?:Replaced by|Use) `([\w.]+)`\.?\s*$/m.exec(comment!) ?? [];
    return current === undefined ? [] : [[name!, current] as [string, string]];
  });
}

it("every attribute that was renamed and nothing else is stored under its current name", () => {
  const renamings = readRenamings();
  expect(renamings.length).toBeGreaterThan(100);
  const expected = renamings.filter(
    ([name]) => !knownNames.includes(name) && !kept.some((names) => names.test(name)),
  );
  const older = new Set(renamings.map(([name]) => name));
  const named = [...renamedAttributes].filter(([name]) => older.has(name));
  expect(named.sort()).toEqual(expected.sort());
});

it.each([
  ["http.flavor", "network.protocol.version"],
  ["messaging.kafka.consumer_group", "messaging.consumer.group.name"],
  ["messaging.message_id", "messaging.message.id"],
  ["messaging.protocol_version", "network.protocol.version"],
  ["messaging.rabbitmq.routing_key", "rabbitmq.destination.routing_key"],
  ["net.app.protocol.name", "network.protocol.name"],
])("%s, of before the package's list, is stored as %s", (older, current) => {
  expect(stored([older, "9.1"]).text).toContain(current);
  expect(stored([older, "9.1"]).text).not.toContain(older);
});

it.each([
  ["rpc.grpc.status_code", 0, "rpc.status_code", "OK"],
  ["rpc.grpc.status_code", 4, "rpc.status_code", "DEADLINE_EXCEEDED"],
  ["rpc.grpc.status_code", 16, "rpc.status_code", "UNAUTHENTICATED"],
  ["rpc.grpc.status_code", -7, "rpc.status_code", "-7"],
  ["messaging.kafka.partition", 12, "messaging.destination.partition.id", "12"],
])("the integer of %s, %i, is stored as the text that it is today", (older, value, name, text) => {
  const now = (attributes: OtlpAttribute[]) => decode(requestOf({ attributes })).block;
  expect(now([attribute(older, value)])).toEqual(now([attribute(name, text)]));
});

it("no name is renamed twice, nor one that has a column", () => {
  for (const [older, current] of renamedAttributes) {
    expect(knownNames).not.toContain(older);
    expect(renamedAttributes.has(current)).toBe(false);
  }
});

const stored = (...list: readonly [string, string][]) => {
  const { block, losses } = decode(
    requestOf({ attributes: list.map(([key, value]) => attribute(key, value)) }),
  );
  return { text: Buffer.from(block).toString("latin1"), losses };
};

it("an older name is stored as the current one, with its value", () => {
  const { text } = stored(["http.user_agent", "curl/8"]);
  expect(text).toContain("user_agent.original");
  expect(text).toContain("curl/8");
  expect(text).not.toContain("http.user_agent");
});

it("of both names the first is stored, and the other is no loss", () => {
  const { text, losses } = stored(["http.user_agent", "first"], ["user_agent.original", "second"]);
  expect(text).toContain("first");
  expect(text).not.toContain("second");
  expect(losses.droppedAttributes).toBe(0);
});

it("an older name of a column fills it", () => {
  const { text } = stored(["db.cassandra.table", "orders"]);
  expect(text).not.toContain("db.cassandra.table");
  expect(text.split("orders").length).toBeGreaterThan(1);
});
