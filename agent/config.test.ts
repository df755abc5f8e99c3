import { describe, expect, it } from "vitest";
import { readConfig, withOtelDefaults } from "./config.ts";

describe("config", () => {
  it("sends spans over HTTP itself unless another exporter or protocol is asked for", () => {
    const encoding = (env: NodeJS.ProcessEnv) => readConfig(env).spanEncoding;
    const protocols = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
    expect(encoding({})).toBe("http/protobuf");
    expect(encoding(protocols)).toBe("http/json");
    expect(encoding({ ...protocols, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "" })).toBe("http/json");
    expect(encoding({ ...protocols, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc" })).toBe(undefined);
    expect(encoding({ OTEL_TRACES_EXPORTER: "otlp" })).toBe("http/protobuf");
    expect(encoding({ OTEL_TRACES_EXPORTER: "console" })).toBeUndefined();
  });

  it("sees a service name in either variable, and not in one that only ends like it", () => {
    const isNamed = (env: NodeJS.ProcessEnv) => readConfig(env).isServiceNamed;
    expect(isNamed({ OTEL_SERVICE_NAME: "x" })).toBe(true);
    expect(isNamed({ OTEL_RESOURCE_ATTRIBUTES: "a=b, service.name=x" })).toBe(true);
    expect(isNamed({ OTEL_RESOURCE_ATTRIBUTES: "old.service.name=x" })).toBe(false);
  });

  it.each(["localhost:4318", "127.0.0.1:4318", "user:secret@collector", "/v1/traces"])(
    "does not use %s as the collector's address, and says so without it",
    (address) => {
      const config = readConfig({
        OTEL_EXPORTER_OTLP_ENDPOINT: address,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://collector/traces",
        OTEL_EXPORTER_OTLP_HEADERS: "a=b",
      });
      expect(config.exporterEnvironment).toEqual({
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://collector/traces",
        OTEL_EXPORTER_OTLP_HEADERS: "a=b",
      });
      expect(config.warnings).toEqual([
        "OTEL_EXPORTER_OTLP_ENDPOINT does not start with http:// or https:// and a host; it is not used",
      ]);
    },
  );

  it("leaves addresses of gRPC to the exporter for it", () => {
    const environment = {
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4317",
    };
    expect(readConfig(environment).warnings).toEqual([]);
  });

  it("uses the default for a number that is none, and says so", () => {
    const config = readConfig({
      CULPRIT_CALL_SITE_REPEATS_MIN: "-1",
      CULPRIT_FLUSH_TIMEOUT_MS: "500",
    });
    expect(config).toMatchObject({ callSiteRepeatsMin: 3, flushTimeoutMs: 500 });
    expect(config.warnings).toEqual([
      'CULPRIT_CALL_SITE_REPEATS_MIN is "-1", not a whole number from 0 on; 3 is used',
    ]);
  });
});

describe("defaults for OpenTelemetry", () => {
  it("stand in the environment during set-up only, and give way to what the user has set", () => {
    const env = { OTEL_METRICS_EXPORTER: "prometheus", OTEL_LOGS_EXPORTER: "", PATH: "/bin" };
    const before = { ...env };
    expect(withOtelDefaults(() => ({ ...env }), env)).toMatchObject({
      OTEL_METRICS_EXPORTER: "prometheus",
      OTEL_LOGS_EXPORTER: "none",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    });
    expect(env).toEqual(before);
  });

  it("are taken back when set-up fails", () => {
    const env = {};
    const fail = () => {
      throw new Error("no");
    };
    expect(() => withOtelDefaults(fail, env)).toThrow("no");
    expect(env).toEqual({});
  });
});
