import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { startOptions } from "../cli/config.ts";

/** What the files in deploy/ say about the program must be true of it. Building the image needs a container engine. */
const dockerfile = read("deploy/Dockerfile");
const compose = parse(read("deploy/compose.yaml"));
const service = read("deploy/culprit.service");
const manifest = JSON.parse(read("package.json"));

test("every variable that is set is one that culprit reads", () => {
  const known = new Set<string>(Object.values(startOptions).map(({ variable }) => variable));
  const named = [
    dockerfile,
    read("deploy/compose.yaml"),
    service,
    read("deploy/README.md"),
  ].flatMap((text) => text.match(/CULPRIT_[A-Z_]+/g) ?? []);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test("image and unit start the command that npm installs", () => {
  expect(dockerfile).toContain(`ENTRYPOINT ["node", "${manifest.bin.culprit}"]`);
  expect(service).toContain(`/opt/culprit/${manifest.bin.culprit} start`);
});

test("the image has the Node that we test with", () => {
  const major = manifest.dependencies.node.split(".")[0];
  expect(dockerfile).toMatch(new RegExp(`^ARG NODE_IMAGE=.*/node:${major}-\\w+-slim$`, "m"));
});

test("image and chart run as the same user, who is a number and not root", () => {
  const { podSecurityContext } = parse(read("helm/culprit/values.yaml"));
  const { runAsUser, runAsGroup } = podSecurityContext;
  expect(runAsUser).toBeGreaterThan(0);
  expect(dockerfile).toContain(`\nUSER ${runAsUser}:${runAsGroup}\n`);
});

test("what the image copies is not ignored", () => {
  const kept = new Set(
    read(".dockerignore")
      .match(/^!.*$/gm)
      ?.map((line) => line.slice(1)),
  );
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)]
    .flatMap(([, sources]) => sources!.split(" "))
    .filter((source) => source !== ".")
    .map((source) => source.split("/")[0]!);
  expect(copied).toContain("package-lock.json");
  expect(copied.filter((source) => !kept.has(source))).toEqual([]);
});

test("compose lets in this machine alone, and gives the container nothing that it does not need", () => {
  const { ports } = compose.services.culprit;
  expect(ports.filter((port: string) => !port.startsWith("127.0.0.1:"))).toEqual([]);
  expect(ports).toHaveLength(2);
  expect(compose.services.culprit).toMatchObject({
    read_only: true,
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
  });
});

function read(file: string): string {
  return readFileSync(join(import.meta.dirname, "..", file), "utf8");
}
