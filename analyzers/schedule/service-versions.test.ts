import { expect, test } from "vitest";
import { orderVersions } from "./service-versions.ts";

const totals = (serviceVersion: string, fromS: number) => ({
  serviceVersion,
  fromS,
  toS: fromS + 60,
  requests: 1,
  requestsStored: 1,
  totalSeconds: 1,
});

test("versions are in the order in which they came, not in that of their names", () => {
  const requests = [totals("1.10.0", 120), totals("1.9.0", 60), totals("1.8.0", 180)];
  expect(orderVersions([], ["1.10.0", "1.8.0", "1.9.0"], requests)).toEqual([
    "1.9.0",
    "1.10.0",
    "1.8.0",
  ]);
});

test("within a minute the smaller number is the older one; no version is none", () => {
  const requests = [totals("1.10.0", 60), totals("1.9.0", 60), totals("", 0)];
  expect(orderVersions([], ["", "1.10.0", "1.9.0"], requests)).toEqual(["1.9.0", "1.10.0"]);
});

test("what was known stays before what is new, also when it is seen no more", () => {
  expect(orderVersions(["2", "1"], ["1", "3"], [])).toEqual(["2", "1", "3"]);
});

test("of very many, the oldest and the newest are kept", () => {
  const known = Array.from({ length: 150 }, (_, i) => `v${i}`);
  const versions = orderVersions(known, ["new"], []);
  expect(versions).toHaveLength(100);
  expect([versions[0], versions[1], versions.at(-1)]).toEqual(["v0", "v52", "new"]);
});
