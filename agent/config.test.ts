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

describe("names in the environment", () => {
  it.each([
    ["OTEL_TRACES_SAMPLER", "sometimes", "parentbased_always_on"],
    ["OTEL_EXPORTER_OTLP_PROTOCOL", "http", "http/protobuf"],
    ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "protobuf", "http/protobuf"],
    ["OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "the default"],
    ["OTEL_PROPAGATORS", "w3c", "tracecontext,baggage"],
    ["OTEL_NODE_RESOURCE_DETECTORS", "cloud", "env,host,process,container"],
    ["OTEL_TRACES_EXPORTER", "culprit", "otlp"],
    ["OTEL_METRICS_EXPORTER", "statsd", "none"],
    ["OTEL_LOGS_EXPORTER", "file", "none"],
  ])("says that %s is not %s, and stays on the fast path", (name, value, used) => {
    const { warnings, ...config } = readConfig({ [name]: value });
    const { warnings: _, ...plain } = readConfig({});
    expect(JSON.stringify(config)).toBe(JSON.stringify(plain));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(`${name} is "${value}", none of `);
    expect(warnings[0]).toMatch(`; ${used} is used`);
  });

  it("keeps what it knows of a list, and takes capitals for small letters", () => {
    const { isFastPath, sampler, warnings } = readConfig({
      OTEL_PROPAGATORS: "TraceContext, w3c",
      OTEL_TRACES_SAMPLER: "Always_Off",
    });
    expect({ isFastPath, sampler }).toEqual({ isFastPath: true, sampler: "always_off" });
    expect(warnings).toEqual([
      'OTEL_PROPAGATORS is "w3c", none of tracecontext, baggage, b3, b3multi, none; tracecontext is used',
    ]);
  });

  it("leaves to OpenTelemetry's SDK what that knows", () => {
    const isFast = (env: NodeJS.ProcessEnv) => readConfig(env).isFastPath;
    expect(isFast({ OTEL_PROPAGATORS: "b3" })).toBe(false);
    expect(isFast({ OTEL_TRACES_EXPORTER: "console" })).toBe(false);
    expect(isFast({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toBe(false);
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
