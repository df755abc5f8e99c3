import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Plugin } from "vite";
import { parseGuide } from "./parse-guide.ts";

const analyzers = join(import.meta.dirname, "../analyzers");
const listId = "virtual:guides";
const textId = "virtual:guide/";

/** The pages beside the detectors, by the detector's id. */
export function findGuideFiles(): ReadonlyMap<string, string> {
  const files = ["trace", "window"].flatMap((folder) =>
    readdirSync(join(analyzers, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => [basename(name, ".md"), join(analyzers, folder, name)] as const),
  );
  return new Map(files);
}

/** Makes `virtual:guides`: Markdown is read when the UI is built, and what is left of it is loaded with its page. */
export function guidesPlugin(): Plugin {
  const files = findGuideFiles();
  const parse = (id: string) =>
    parseGuide(readFileSync(files.get(id)!, "utf8"), (other) => files.has(other) && other !== id);
  return {
    name: "culprit:guides",
    resolveId: (id) => (id.startsWith("virtual:guide") ? `\0${id}` : undefined),
    load(id) {
      if (id === `\0${listId}`) return toList([...files.keys()], parse);
      if (!id.startsWith(`\0${textId}`)) return undefined;
      const guide = id.slice(textId.length + 1);
      this.addWatchFile(files.get(guide)!);
      return `export const nodes = ${JSON.stringify(parse(guide).nodes)};`;
    },
  };
}

function toList(ids: readonly string[], parse: (id: string) => ReturnType<typeof parseGuide>) {
  const guides = ids
    .map((id) => ({ id, ...parse(id) }))
    .sort((a, b) => a.title.localeCompare(b.title, "en"))
    .map(
      ({ id, title, summary }) =>
        `{ ...${JSON.stringify({ id, title, summary })}, load: () => import("${textId}${id}") }`,
    );
  return `export const guides = [${guides.join(",\n")}];`;
}
