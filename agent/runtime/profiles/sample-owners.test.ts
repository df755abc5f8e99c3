import { expect, test } from "vitest";
import { beginsFlag, noRequest } from "../../tracing/request-marks.ts";
import { SampleOwners } from "./sample-owners.ts";

type Mark = readonly [atMs: number, request: number];

/** Samples of 10 ms from 0 on: "." ran, " " was idle. Gives the milliseconds of requests 0, 1 …, and of none. */
function own(samples: string, marks: readonly Mark[]) {
  const owners = new SampleOwners({
    timesMs: Float64Array.from(marks, ([atMs]) => atMs),
    requests: Uint32Array.from(marks, ([, request]) => request),
    routeOf: new Uint16Array(),
    traceIds: new Uint32Array(),
    routes: [],
  });
  for (const [i, sample] of [...samples].entries()) owners.add(i * 10, 10, sample === " ");
  owners.end();
  return { of: Object.fromEntries(owners.timesMs), other: owners.otherMs };
}

const begins = (request: number) => (request | beginsFlag) >>> 0;

test("a sample belongs to the request that was marked last", () => {
  const marks: Mark[] = [
    [0, begins(0)],
    [25, begins(1)],
    [45, 0],
    [55, noRequest],
  ];
  expect(own(".......", marks)).toEqual({ of: { 0: 40, 1: 20 }, other: 10 });
});

test("what runs after an idle moment belongs to the request that is marked next", () => {
  const marks: Mark[] = [
    [0, begins(0)],
    [65, 0],
  ];
  expect(own("..  ....", marks)).toEqual({ of: { 0: 60 }, other: 0 });
});

test("what runs before a request begins is not its doing", () => {
  expect(own("  ...", [[35, begins(0)]])).toEqual({ of: { 0: 10 }, other: 20 });
});

test("what runs between two idle moments without a mark belongs to none", () => {
  expect(
    own("..  ..  ..", [
      [0, begins(0)],
      [95, 0],
    ]),
  ).toEqual({ of: { 0: 40 }, other: 20 });
});

test("what runs between the end of a request and the next mark of another is that other's", () => {
  const marks: Mark[] = [
    [0, begins(0)],
    [5, begins(1)],
    [15, 0],
    [25, noRequest],
    [55, 1],
  ];
  expect(own("........", marks)).toEqual({ of: { 0: 20, 1: 60 }, other: 0 });
});
