import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { traceDetectors } from "../../analyzers/index.ts";
import { faults, type Traffic } from "./faults.ts";

const traffic = faults.flatMap(({ service, faulty, healthy }) => [
  { service, ...faulty },
  { service, ...healthy },
]);

test.each(traffic)("$service serves $method $route", async ({ service, method, route }) => {
  const file = join(import.meta.dirname, "shop", `${service.replace("shop-", "")}.ts`);
  expect(await readFile(file, "utf8")).toContain(`app.${method.toLowerCase()}("${route}", `);
});

test.each(traffic)("the requests for $route belong to that route", ({ route, path }: Traffic) => {
  const pattern = new RegExp(`^${route.replaceAll(/:\w+/g, "[^/]+")}$`);
  for (const n of [0, 1, 999]) expect(path(n).replace(/\?.*/, "")).toMatch(pattern);
});

test("the shop has a fault for each detector of traces, and no fault that nobody looks for", () => {
  const ids = traceDetectors.map(({ meta }) => meta.id);
  expect(new Set(faults.map(({ detector }) => detector))).toEqual(new Set(ids));
});

test("the demo sends enough within a minute for what needs fifty requests", () => {
  const slow = faults.filter(({ detector }) => detector === "slow-query");
  for (const { faulty } of slow) expect(faulty.perSecond * 60).toBeGreaterThanOrEqual(50);
  expect(slow).not.toEqual([]);
});
