import { beforeEach, expect, test } from "vitest";
import { defaultDecodeLimits } from "./decode-limits.ts";
import { KnownNames } from "./known-names.ts";

const limits = {
  ...defaultDecodeLimits,
  servicesMax: 2,
  operationsOfServiceMax: 3,
  operationsMax: 5,
};
const hourMs = 3_600_000;
const startMs = 1_000_000_000_000;
let names: KnownNames;

beforeEach(() => {
  names = new KnownNames();
  names.startRequest(startMs, limits);
});

function startService(name: string): boolean {
  const bytes = Buffer.from(name);
  return names.startService(bytes, 0, bytes.length);
}

function isKnown(name: string, route?: string): boolean {
  const bytes = Buffer.from(name + (route ?? ""));
  const nameEnd = Buffer.byteLength(name);
  return names.isKnown(bytes, 0, nameEnd, route === undefined ? -1 : nameEnd, bytes.length);
}

test("so many operations of a service are known; a further one is not, and they stay known", () => {
  startService("shop");
  expect(["a", "b", "c", "d", "a", "c", "e"].map((name) => isKnown(name))).toEqual([
    true,
    true,
    true,
    false,
    true,
    true,
    false,
  ]);
});

test("a name with another route is another operation", () => {
  startService("shop");
  expect([isKnown("GET"), isKnown("GET", "/a"), isKnown("GET", "/b")]).toEqual([true, true, true]);
  expect([isKnown("GET", "/c"), isKnown("GET", "/a")]).toEqual([false, true]);
});

test("each service has names of its own, up to what all may have together", () => {
  startService("shop");
  for (const name of ["a", "b", "c", "d"]) isKnown(name);
  startService("stock");
  expect(["a", "b", "c"].map((name) => isKnown(name))).toEqual([true, true, false]);
});

test("services that are too many share the names of one", () => {
  expect(["shop", "stock", "one", "shop"].map(startService)).toEqual([true, true, false, true]);
  startService("one");
  expect(["a", "b"].map((name) => isKnown(name))).toEqual([true, true]);
  startService("two");
  expect(["a", "c", "d"].map((name) => isKnown(name))).toEqual([true, true, false]);
});

test("what is used stays known from hour to hour, before what is new", () => {
  startService("shop");
  for (const name of ["a", "b"]) isKnown(name);
  names.startRequest(startMs + hourMs, limits);
  startService("shop");
  expect(["n", "o", "p", "q", "a", "b"].map((name) => isKnown(name))).toEqual([
    true,
    true,
    true,
    false,
    true,
    true,
  ]);
});

test("what was not seen for two hours makes room", () => {
  for (const service of ["shop", "stock"]) startService(service);
  names.startRequest(startMs + hourMs, limits);
  expect(startService("one")).toBe(true);
  names.startRequest(startMs + 3 * hourMs, limits);
  expect(["two", "three", "four"].map(startService)).toEqual([true, true, false]);
});

test("memory is bounded however many names come", () => {
  for (let hour = 0; hour < 3; hour++) {
    names.startRequest(startMs + hour * hourMs, limits);
    let known = 0;
    for (let i = 0; i < 1_000; i++) {
      known += Number(startService(`service ${i % 50}`));
      known += Number(isKnown(`name ${i}`));
    }
    // 2 services, all of whose turns count, and at most twice the 5 operations.
    expect(known).toBeLessThanOrEqual(2 * 20 * 2 + 10);
  }
});
