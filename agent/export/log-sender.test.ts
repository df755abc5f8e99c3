import { expect, it } from "vitest";
import { toLogTarget } from "./log-sender.ts";

it.each([
  [{}, "http://localhost:4318/v1/logs"],
  [{ ENDPOINT: "http://c:1/base" }, "http://c:1/base/v1/logs"],
  [{ ENDPOINT: "http://c", LOGS_ENDPOINT: "http://l/x" }, "http://l/x"],
  [{ TRACES_ENDPOINT: "http://t:1/in/v1/traces" }, "http://t:1/in/v1/logs"],
  [{ TRACES_ENDPOINT: "http://t:1/v1/traces", LOGS_ENDPOINT: "http://l/x" }, "http://l/x"],
  [{ ENDPOINT: "http://c", TRACES_ENDPOINT: "http://t/v1/traces" }, "http://c/v1/logs"],
])("log records go where %o says", (variables, url) => {
  expect(toLogTarget(prefixed(variables)).url).toBe(url);
});

it("log records have the headers of the address that they go to", async () => {
  const headers = { HEADERS: "a=1", TRACES_HEADERS: "b=2", LOGS_HEADERS: "c=3" };
  const { headers: own } = toLogTarget(prefixed(headers));
  expect(await own()).toMatchObject({ a: "1", c: "3" });
  const ofTraces = { ...headers, TRACES_ENDPOINT: "http://t/v1/traces" };
  expect(await toLogTarget(prefixed(ofTraces)).headers()).toMatchObject({ a: "1", b: "2" });
});

function prefixed(variables: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(variables);
  return Object.fromEntries(entries.map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]));
}
