import { describe, expect, it } from "vitest";
import { readOtlpEnvironment } from "./otlp-environment.ts";

const read = (environment: Record<string, string>) =>
  readOtlpEnvironment(environment, "application/x-protobuf");

describe("the environment of the exporter", () => {
  it.each([
    [{}, "http://localhost:4318/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:1" }, "http://c:1/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:1/base/" }, "http://c:1/base/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:1/base" }, "http://c:1/base/v1/traces"],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://t/x" },
      "http://t/x",
    ],
  ])("names the address: %o", (environment, url) => {
    expect(read(environment as Record<string, string>).url).toBe(url);
  });

  it("gives headers, those for traces last, with values decoded", async () => {
    const { headers } = read({
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a, tenant=x,broken,=y",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "tenant=50%",
    });
    expect(await headers()).toEqual({
      authorization: "Bearer a",
      tenant: "50%",
      "Content-Type": "application/x-protobuf",
      "User-Agent": "culprit-agent",
    });
  });

  it("uses the default for a timeout that is none, and gzip unless another compression is asked for", () => {
    const asked = { OTEL_EXPORTER_OTLP_COMPRESSION: "none", OTEL_EXPORTER_OTLP_TIMEOUT: "soon" };
    expect(read(asked)).toMatchObject({ timeoutMillis: 10_000, compression: "none" });
    expect(read({ OTEL_EXPORTER_OTLP_TIMEOUT: "3" })).toMatchObject({
      timeoutMillis: 3,
      compression: "gzip",
    });
  });
});
