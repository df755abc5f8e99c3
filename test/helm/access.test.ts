import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import {
  chartFolder,
  installChartTools,
  type Manifest,
  renderChart,
  runHelm,
} from "./chart-tools.ts";

/** Who may connect, send and read, as the chart sets it. */
interface Known extends Manifest {
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly env?: readonly unknown[] }[];
        readonly volumes?: readonly { readonly secret?: unknown }[];
      };
    };
  };
}

beforeAll(installChartTools);

async function render(...args: readonly string[]): Promise<Known[]> {
  return (await renderChart(...args)) as Known[];
}

function find(manifests: readonly Known[], kind: string, name = /./): Known {
  const found = manifests.find((one) => one.kind === kind && name.test(one.metadata.name));
  if (!found) throw new Error(`the chart makes no ${kind} ${name}`);
  return found;
}

test("keys, token and certificate come from Secrets; with keys and token nothing may be left open", async () => {
  const manifests = await render("--values", join(chartFolder, "ci/everything-values.yaml"));
  const { containers, volumes } = find(manifests, "StatefulSet").spec.template.spec;
  expect(containers[0]?.env).toContainEqual({
    name: "CULPRIT_API_TOKEN",
    valueFrom: { secretKeyRef: { name: "culprit-token", key: "token" } },
  });
  expect(find(manifests, "ConfigMap", /culprit$/).data).toMatchObject({
    CULPRIT_ALLOW_UNAUTHENTICATED: "false",
    CULPRIT_INGEST_KEYS_FILE: "/etc/culprit/keys/keys.json",
    CULPRIT_TLS_CERT: "/etc/culprit/tls/tls.crt",
  });
  const secrets = volumes?.flatMap(({ secret }) => (secret ? [secret] : []));
  expect(secrets).toMatchObject([
    { secretName: "culprit-keys" },
    { secretName: "culprit-certificate" },
    { secretName: "certificates" },
  ]);
  expect(containers[0]).toMatchObject({
    readinessProbe: { httpGet: { path: "/readyz", port: "http", scheme: "HTTPS" } },
  });
  expect(find(manifests, "ServiceMonitor").spec).toMatchObject({
    endpoints: [
      { scheme: "https", authorization: { credentials: { name: "culprit-token", key: "token" } } },
    ],
  });
});

test.for([
  ["ingestKeys.existingSecret=a", "true"],
  ["apiToken.existingSecret=a", "true"],
  ["ingestKeys.existingSecret=a,apiToken.existingSecret=b", "false"],
  ["tls.existingSecret=a", "true"],
  ["tls.existingSecret=a,tls.clientCa=true", "false"],
] as const)("with %s the pod starts without keys or token: %s", async ([settings, expected]) => {
  const { data } = find(await render("--set", settings), "ConfigMap");
  expect(data.CULPRIT_ALLOW_UNAUTHENTICATED).toBe(expected);
});

test("where clients need certificates, kubelet has none: probes only connect, and nothing tests by sending", async () => {
  const manifests = await render("--set", "tls.existingSecret=a,tls.clientCa=true");
  const asks = { tcpSocket: { port: "http" } };
  expect(find(manifests, "StatefulSet").spec.template.spec.containers[0]).toMatchObject({
    startupProbe: asks,
    readinessProbe: asks,
    livenessProbe: asks,
  });
  expect(manifests.filter(({ kind }) => kind === "Pod")).toEqual([]);
});

test("with keys, helm test is there only if it is given one", async () => {
  const pods = async (settings: string) =>
    (await render("--set", settings)).filter(({ kind }) => kind === "Pod").length;
  expect(await pods("ingestKeys.existingSecret=a")).toBe(0);
  expect(await pods("ingestKeys.existingSecret=a,ingestKeys.testSecret=b")).toBe(1);
});

test("the notes of a chart with keys and token warn of nothing, and say where those are", async () => {
  const settings = [
    "networkPolicy.enabled=false",
    "service.type=LoadBalancer",
    "ingestKeys.existingSecret=a",
    "apiToken.existingSecret=b",
  ];
  const install = ["install", "shop", chartFolder, "--dry-run=client", "--set", settings.join(",")];
  const [, notes] = (await runHelm(...install)).text.split("NOTES:");
  expect(notes).not.toContain("WARNING");
  expect(notes).toContain("with a key of Secret a");
  expect(notes).toContain("the token of Secret b");
});
