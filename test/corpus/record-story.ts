import { join } from "node:path";
import { startNode } from "../support/processes.ts";
import { programsFolder } from "./programs-folder.ts";
import type { RecordingSink } from "./recording-sink.ts";
import type { ProgramStory, Sdk, StoryRequest } from "./story.ts";

export interface Surroundings {
  readonly sink: RecordingSink;
  /** Added to the program's environment: where its databases and its neighbours are. */
  readonly env: Readonly<Record<string, string>>;
}

const agent = join(import.meta.dirname, "../../agent/dist/index.cjs");
const preload: Readonly<Record<Sdk, string>> = {
  culprit: agent,
  opentelemetry: "@opentelemetry/auto-instrumentations-node/register",
};

/** Runs the story's program under its SDK, asks it as the story says, and returns the traces of that. */
export async function recordStory(
  story: ProgramStory,
  { sink, env }: Surroundings,
): Promise<Buffer> {
  const child = await startNode({
    args: ["--require", preload[story.sdk], join(programsFolder, `${story.program}.cjs`)],
    cwd: programsFolder,
    env: {
      ...env,
      OTEL_SERVICE_NAME: story.name,
      OTEL_RESOURCE_ATTRIBUTES: "service.version=1.0.0,deployment.environment.name=corpus",
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
      OTEL_NODE_RESOURCE_DETECTORS: "env",
      // However busy the machine is that records.
      CULPRIT_FLUSH_TIMEOUT_MS: "20000",
    },
  });
  const [, port] = await child.waitFor(/listening on (\d+)/);
  sink.take();
  await ask(`http://127.0.0.1:${port}`, story.request);
  const how = await child.stop();
  if (how !== 0) throw new Error(`${story.name} ended with ${how}: ${child.output()}`);
  const traces = sink.take();
  if (traces.length === 0) throw new Error(`${story.name} sent no spans: ${child.output()}`);
  return traces;
}

/** The requests, `atOnce` under way together; the answer of each is read to its end and must be a success. */
async function ask(base: string, { method, path, count, atOnce }: StoryRequest): Promise<void> {
  let next = 0;
  const askInTurn = async () => {
    while (next < count) {
      const url = base + path(next++);
      const response = await fetch(url, { method });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askInTurn));
}
