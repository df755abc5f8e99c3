import { expect, test } from "vitest";
import { ConfigError } from "./config-error.ts";
import { checkExposure } from "./exposure.ts";

const nothing = { hasIngestKeys: false, hasApiToken: false, hasClientCa: false };
const everything = { hasIngestKeys: true, hasApiToken: true, hasClientCa: false };
const anywhere = { host: "0.0.0.0", allowUnauthenticated: false };

test.each(["127.0.0.1", "::1", "localhost"])("on %s nobody is asked for anything", (host) => {
  checkExposure({ host, allowUnauthenticated: false }, nothing);
});

test("elsewhere it needs keys for those who send and a token for those who read", () => {
  checkExposure(anywhere, everything);
});

test.each([
  [nothing, "an ingest key for those who send (culprit keys create), nor a token"],
  [{ ...everything, hasIngestKeys: false }, "not yet an ingest key"],
  [{ ...everything, hasApiToken: false }, "not yet a token for those who read (CULPRIT_API_TOKEN)"],
])("elsewhere %j is refused, and says what is missing", (protection, message) => {
  expect(() => checkExposure(anywhere, protection)).toThrow(ConfigError);
  expect(() => checkExposure(anywhere, protection)).toThrow(message);
});

test("elsewhere a CA of clients is enough", () => {
  checkExposure(anywhere, { ...nothing, hasClientCa: true });
});

test("whoever trusts the network says so", () => {
  checkExposure({ ...anywhere, allowUnauthenticated: true }, nothing);
});
