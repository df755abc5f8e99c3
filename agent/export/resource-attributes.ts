import { readFileSync } from "node:fs";
import { arch, hostname, userInfo } from "node:os";
import {
  ATTR_SERVICE_NAME,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  ATTR_TELEMETRY_SDK_NAME,
  ATTR_TELEMETRY_SDK_VERSION,
} from "@opentelemetry/semantic-conventions";

/** What the application's thread knows of itself; the rest is the same for every thread of the process. */
export interface ResourceSettings {
  /** `OTEL_NODE_RESOURCE_DETECTORS`, of those that `config.ts` takes for ours. */
  readonly detectors: readonly string[];
  /** `OTEL_RESOURCE_ATTRIBUTES` as it came. */
  readonly given: string;
  readonly serviceName: string | undefined;
  readonly agentVersion: string;
  readonly title: string;
  /** The application's main file. */
  readonly command: string | undefined;
}

type ResourceAttributes = Record<string, string | number>;

/**
 * The resource as OpenTelemetry's detectors describe it, of values that are at hand: their packages take longer to load
 * than the agent does. Never the arguments of the command line: people pass passwords there.
 */
export function toResourceAttributes(settings: ResourceSettings): ResourceAttributes {
  const has = (name: string) => settings.detectors.includes(name);
  return {
    [ATTR_TELEMETRY_SDK_LANGUAGE]: "nodejs",
    [ATTR_TELEMETRY_SDK_NAME]: "culprit",
    [ATTR_TELEMETRY_SDK_VERSION]: settings.agentVersion,
    [ATTR_SERVICE_NAME]: `unknown_service:${settings.title}`,
    ...(has("host") ? detectHost() : {}),
    ...(has("process") ? detectProcess(settings) : {}),
    ...(has("container") ? detectContainer() : {}),
    ...(has("env") ? readGiven(settings.given) : {}),
    ...(settings.serviceName === undefined ? {} : { [ATTR_SERVICE_NAME]: settings.serviceName }),
  };
}

function detectHost(): ResourceAttributes {
  const names: Record<string, string> = { arm: "arm32", ppc: "ppc32", x64: "amd64" };
  const id = readText("/etc/machine-id") || readText("/var/lib/dbus/machine-id");
  return {
    "host.name": hostname(),
    "host.arch": names[arch()] ?? arch(),
    ...(id === "" ? {} : { "host.id": id.trim() }),
  };
}

function detectProcess({ title, command }: ResourceSettings): ResourceAttributes {
  return {
    "process.pid": process.pid,
    "process.executable.name": title,
    "process.executable.path": process.execPath,
    "process.runtime.name": "nodejs",
    "process.runtime.version": process.versions.node,
    "process.runtime.description": "Node.js",
    ...(command === undefined ? {} : { "process.command": command }),
    ...detectOwner(),
  };
}

/** A container may run as a user without a name. */
function detectOwner(): ResourceAttributes {
  try {
    return { "process.owner": userInfo().username };
  } catch {
    return {};
  }
}

/** The runtime's 64 hex digits, in the control group's path (version 1) or in that of a mounted file (version 2). */
function detectContainer(): ResourceAttributes {
  const inGroup = /[/-]([0-9a-f]{64})(?:\.scope)?$/m.exec(readText("/proc/self/cgroup"));
  const inMounts = () =>
    /\/([0-9a-f]{64})\/(?:hostname|userdata\/hostname)/.exec(readText("/proc/self/mountinfo"));
  const id = (inGroup ?? inMounts())?.[1];
  return id === undefined ? {} : { "container.id": id };
}

/** "" where there is no such file. */
function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

const givenCharactersMax = 16_384;

/** `key=value,key=value`, percent-encoded. What is malformed is left out. */
function readGiven(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const pair of text.slice(0, givenCharactersMax).split(",")) {
    const at = pair.indexOf("=");
    const key = pair.slice(0, Math.max(at, 0)).trim();
    if (key === "") continue;
    try {
      attributes[key] = decodeURIComponent(
        pair
          .slice(at + 1)
          .trim()
          .replace(/^"(.*)"$/, "$1"),
      );
    } catch {
      // A stray percent sign: the text means itself.
      attributes[key] = pair.slice(at + 1).trim();
    }
  }
  return attributes;
}
