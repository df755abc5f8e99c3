import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { startOptions } from "../../cli/config.ts";
import {
  chartFolder,
  findUnknownKeys,
  installChartTools,
  type Manifest,
  renderChart,
  runHelm,
  validateManifest,
} from "./chart-tools.ts";

/** What these tests read of an object; which of it is there depends on its kind. */
interface Known extends Manifest {
  readonly data: Readonly<Record<string, string>>;
  readonly spec: PodSpec & {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly selector: Labels & { readonly matchLabels: Labels };
    readonly podSelector: { readonly matchLabels: Labels };
    readonly egress: readonly unknown[];
    readonly template: {
      readonly metadata: { readonly labels: Labels; readonly annotations: Labels };
      readonly spec: PodSpec;
    };
    readonly volumeClaimTemplates?: readonly unknown[];
  };
}

type Labels = Readonly<Record<string, string>>;

interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly securityContext: unknown;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly resources: { readonly requests: Labels; readonly limits: Labels };
  readonly volumeMounts?: readonly { readonly mountPath: string }[];
}

const valueFiles = readdirSync(join(chartFolder, "ci"));
const renderings = new Map<string, Known[]>();

beforeAll(async () => {
  await installChartTools();
  for (const file of valueFiles) {
    renderings.set(file, await render("--values", join(chartFolder, "ci", file)));
  }
});

async function render(...args: readonly string[]): Promise<Known[]> {
  return (await renderChart(...args)) as Known[];
}

function find(manifests: readonly Known[] | undefined, kind: string, name = /./): Known {
  const found = manifests?.find((one) => one.kind === kind && name.test(one.metadata.name));
  if (!found) throw new Error(`the chart makes no ${kind} ${name}`);
  return found;
}

test.for(valueFiles)("%s: helm's linter has nothing to say", async (file) => {
  const { code, text } = await runHelm(
    "lint",
    "--strict",
    chartFolder,
    "-f",
    join(chartFolder, "ci", file),
  );
  expect({ code, text }).toMatchObject({ code: 0 });
});

test.for(valueFiles)(
  "%s: every object fits Kubernetes' schema, and names are unique",
  async (file) => {
    const manifests = renderings.get(file)!;
    for (const manifest of manifests) await validateManifest(manifest);
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  },
);

test("no object has a key that Kubernetes does not know", async () => {
  expect(await findUnknownKeys([...renderings.values()].flat())).toBe("");
});

test("the check for unknown keys finds one", async () => {
  const broken = structuredClone(find(renderings.get("default-values.yaml"), "StatefulSet"));
  Object.assign(broken.spec.template.spec.containers[0]!, { imagePullPolicyy: "Always" });
  expect(await findUnknownKeys([broken])).toContain("imagePullPolicyy");
});

test("the check against the schema finds a wrong type", async () => {
  const set = find(renderings.get("default-values.yaml"), "StatefulSet");
  const broken = { ...set, spec: { ...set.spec, replicas: "one" } };
  await expect(validateManifest(broken)).rejects.toThrow(/replicas/);
});

test.for(valueFiles)("%s: pods are held to the restricted policy, and more", (file) => {
  const podSpecs = renderings.get(file)!.flatMap(({ kind, spec }) => {
    if (kind === "Pod") return [spec];
    return kind === "StatefulSet" ? [spec.template.spec] : [];
  });
  // The server's, and that of `helm test`, which a part alone does not have.
  expect(podSpecs).toHaveLength(file === "collector-values.yaml" ? 1 : 2);
  for (const pod of podSpecs) {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 10001,
        runAsGroup: 10001,
        fsGroup: 10001,
        seccompProfile: { type: "RuntimeDefault" },
      },
    });
    for (const key of ["hostNetwork", "hostPID", "hostIPC", "hostUsers"]) {
      expect(pod).not.toHaveProperty(key);
    }
    expect(pod.volumes?.filter((volume) => "hostPath" in volume) ?? []).toEqual([]);
    for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
      expect(container).toMatchObject({
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        resources: {
          requests: { cpu: expect.any(String), memory: expect.any(String) },
          limits: { memory: expect.any(String) },
        },
      });
      expect(container.image).toMatch(/^[\w./-]+(:[\w.-]+|@sha256:[0-9a-f]{64})$/);
      expect(container.image).not.toMatch(/:latest$/);
    }
  }
});

test("a root file system that can't be written leaves /data and /tmp", () => {
  const { template } = find(renderings.get("default-values.yaml"), "StatefulSet").spec;
  const mounts = template.spec.containers[0]!.volumeMounts?.map(({ mountPath }) => mountPath);
  expect(mounts).toEqual(["/data", "/tmp"]);
});

test("starting, being ready and being alive are different questions", () => {
  const { template } = find(renderings.get("default-values.yaml"), "StatefulSet").spec;
  const asks = (path: string) => expect.objectContaining({ httpGet: { path, port: "http" } });
  expect(template.spec.containers[0]).toMatchObject({
    startupProbe: asks("/readyz"),
    readinessProbe: asks("/readyz"),
    livenessProbe: asks("/healthz"),
  });
});

test.for(valueFiles)("%s: Service, policy and monitor select our pod and nothing else", (file) => {
  const manifests = renderings.get(file)!;
  const { labels } = find(manifests, "StatefulSet").spec.template.metadata;
  const testPod = manifests.find(({ kind }) => kind === "Pod");
  const testLabels = testPod?.metadata.labels ?? {};
  for (const { kind, spec } of manifests) {
    if (kind === "Service") expectSelects(spec.selector, labels, testLabels);
    if (kind === "StatefulSet" || kind === "PodDisruptionBudget")
      expectSelects(spec.selector.matchLabels, labels, testLabels);
    if (kind === "NetworkPolicy") expectSelects(spec.podSelector.matchLabels, labels, testLabels);
    if (kind === "ServiceMonitor") {
      const services = manifests.filter((one) => one.kind === "Service");
      const scraped = services.filter(({ metadata }) =>
        selects(spec.selector.matchLabels, metadata.labels),
      );
      expect(scraped.map((one) => one.spec.clusterIP)).toEqual([undefined]);
    }
  }
});

function expectSelects(selector: Labels, pod: Labels, other: Labels): void {
  expect([selects(selector, pod), selects(selector, other)]).toEqual([true, false]);
}

function selects(selector: Labels, labels: Labels = {}): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

test.for(valueFiles)("%s: every variable that is set is one that culprit reads", (file) => {
  const known = new Set<string>(Object.values(startOptions).map(({ variable }) => variable));
  const manifests = renderings.get(file)!;
  const { containers } = find(manifests, "StatefulSet").spec.template.spec;
  const settings = find(manifests, "ConfigMap", /culprit$|findings$/).data;
  const set = [
    ...Object.keys(settings),
    ...containers.flatMap(({ env = [] }) => env.map(({ name }) => name)),
  ];
  expect(set.filter((name) => name.startsWith("CULPRIT_") && !known.has(name))).toEqual([]);
});

test("the webhook's URL comes from a Secret; no object of ours holds it, and none is a Secret", () => {
  const manifests = renderings.get("everything-values.yaml")!;
  const [container] = find(manifests, "StatefulSet").spec.template.spec.containers;
  expect(container?.env).toContainEqual({
    name: "CULPRIT_SLACK_WEBHOOK_URL",
    valueFrom: { secretKeyRef: { name: "culprit-slack", key: "url" } },
  });
  expect(manifests.filter(({ kind }) => kind === "Secret")).toEqual([]);
});

test("by default only the namespace may connect, and the pod reaches name servers alone", () => {
  expect(find(renderings.get("default-values.yaml"), "NetworkPolicy").spec).toMatchObject({
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [{ podSelector: {} }] }],
    egress: [{ ports: [{ port: 53 }, { port: 53 }] }],
  });
});

test("pods reach the ports of your own ClickHouse; its password comes from a Secret", () => {
  const manifests = renderings.get("collector-values.yaml")!;
  expect(find(manifests, "ConfigMap").data).toMatchObject({
    CULPRIT_ROLE: "collector",
    CULPRIT_CLICKHOUSE_URL:
      "http://clickhouse-0.db:8123,http://clickhouse-1.db:8123, https://clickhouse.example.org",
    CULPRIT_CLICKHOUSE_USER: "culprit",
    CULPRIT_CLICKHOUSE_DATABASE: "culprit",
    CULPRIT_CLICKHOUSE_CLUSTER: "{cluster}",
  });
  expect(find(manifests, "NetworkPolicy").spec.egress).toEqual([
    { ports: [expect.objectContaining({ port: 53 }), expect.objectContaining({ port: 53 })] },
    { ports: [8123, 443].map((port) => ({ port, protocol: "TCP" })) },
  ]);
  const set = find(manifests, "StatefulSet");
  expect(set.spec).toMatchObject({ replicas: 3 });
  expect(set.spec.template.spec.containers[0]?.env).toEqual([
    {
      name: "CULPRIT_CLICKHOUSE_PASSWORD",
      valueFrom: { secretKeyRef: { name: "clickhouse", key: "culprit-password" } },
    },
  ]);
});

test("what takes no spans has no port for them", async () => {
  const manifests = await render("--set", "role=api,clickhouse.url=http://db:8123");
  expect(JSON.stringify(manifests)).not.toContain("grpc");
  expect(JSON.stringify(renderings.get("collector-values.yaml"))).toContain("grpc");
});

test("another setting is another pod; the same settings are the same pod", async () => {
  const checksum = async (...args: string[]) =>
    find(await render(...args), "StatefulSet").spec.template.metadata.annotations[
      "checksum/config"
    ];
  const before = await checksum();
  expect(await checksum()).toBe(before);
  expect(await checksum("--set", "config.retentionDays=30")).not.toBe(before);
});

test("names stay within Kubernetes' limits, however long the release's is", async () => {
  const { code, text } = await runHelm("template", "a".repeat(53), chartFolder);
  expect(code).toBe(0);
  const names = [...text.matchAll(/^ {2}name: (\S+)/gm)].map(([, name]) => name!);
  expect(Math.max(...names.map(({ length }) => length))).toBeLessThanOrEqual(63);
});

test.for<[string, RegExp]>([
  ["replicas=2", /replicas must be 0 or 1/],
  ["role=collector", /role needs clickhouse.url/],
  ["role=reader", /role.*value must be one of/s],
  ["role=analyzer,clickhouse.url=http://db:8123,replicas=2", /replicas must be 0 or 1/],
  [
    "role=api,clickhouse.url=http://db:8123,replicas=2,persistence.existingClaim=traces",
    /existingClaim is one claim/,
  ],
  ["clickhouse.existingSecret=clickhouse", /clickhouse.existingSecret needs clickhouse.url/],
  ["clickhouse.url=http://user:word@db:8123", /url.*does not match pattern/s],
  ["replicas=one", /replicas.*got string, want integer/s],
  ["replicaz=1", /additional properties 'replicaz' not allowed/],
  ["image.repository=", /repository.*minLength/s],
  ["image.tag=no good", /tag.*does not match pattern/s],
  ["image.digest=sha256:short", /digest.*does not match pattern/s],
  ["image.pullPolicy=Sometimes", /pullPolicy.*value must be one of/s],
  ["config.retentionDays=0", /retentionDays.*minimum/s],
  ["config.publicUrl=ftp://example.org", /publicUrl.*does not match pattern/s],
  ["config.slackWebhookUrl=https://hooks.slack.com/x", /additional properties 'slackWebhookUrl'/],
  ["slack.existingSecret=Not_A_Name", /existingSecret.*does not match pattern/s],
  ["persistence.size=big", /size.*does not match pattern/s],
  ["persistence.accessModes={ReadOnlyMany}", /accessModes.*value must be one of/s],
  ["service.type=ExternalName", /type.*value must be one of/s],
  ["service.port=70000", /port.*maximum/s],
  ["tls.clientCa=true", /tls.clientCa needs tls.existingSecret/],
  ["ingress.enabled=true", /ingress.hosts must name at least one host/],
  ["terminationGracePeriodSeconds=1", /terminationGracePeriodSeconds.*minimum/s],
])("refused: --set %s", async ([setting, complaint]) => {
  const { code, text } = await runHelm("template", "shop", chartFolder, "--set", setting);
  expect(code).not.toBe(0);
  expect(text).toMatch(complaint);
});

test("the notes warn of what is open and of what will be lost", async () => {
  const notes = async (...args: string[]) =>
    (await runHelm("install", "shop", chartFolder, "--dry-run=client", ...args)).text.split(
      "NOTES:",
    )[1];
  expect(await notes()).not.toContain("WARNING");
  const open = await notes("--values", join(chartFolder, "ci/ephemeral-values.yaml"));
  expect(open).toContain("no authentication and no NetworkPolicy");
  expect(open).toContain("reached from outside the cluster");
  expect(open).toContain("no persistence");
  const ingress = await notes("--set", "ingress.enabled=true,ingress.hosts={culprit.example.org}");
  expect(ingress).toContain("the Ingress asks for no login");
  expect(ingress).toContain("http://culprit.example.org");
  const analyzer = await notes("--set", "role=analyzer,clickhouse.url=http://db:8123");
  expect(analyzer).toContain("the analyzer alone");
  expect(analyzer).not.toContain("OTEL_EXPORTER");
});
