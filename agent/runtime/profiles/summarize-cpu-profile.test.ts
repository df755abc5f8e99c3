import { expect, test } from "vitest";
import { SourceMaps } from "../../source-maps/source-maps.ts";
import { beginsFlag } from "../../tracing/request-marks.ts";
import { ProfiledFrames } from "./profiled-frames.ts";
import { summarizeCpuProfile } from "./summarize-cpu-profile.ts";

const frames = new ProfiledFrames(new SourceMaps(() => undefined), "/app");
const callFrame = (functionName: string, url = "", lineNumber = -1) => {
  return { functionName, url, lineNumber, columnNumber: 0, scriptId: "1" };
};
const meta = (name: string) => callFrame(`(${name})`);

/**
 *   (root) ── next [router] ── next [express] ── list ── parse [node]
 *     │                                           └─ list ── toLine      list calls itself
 *     ├─ (garbage collector)
 *     └─ (idle)
 */
const nodes = [
  { id: 1, callFrame: meta("root"), children: [2, 8, 9] },
  { id: 2, callFrame: callFrame("next", "/app/node_modules/router/a.js", 3), children: [3] },
  { id: 3, callFrame: callFrame("next", "/app/node_modules/@scope/web/b.js", 3), children: [4] },
  { id: 4, callFrame: callFrame("list", "file:///app/src/list.mjs", 9), children: [5, 6] },
  { id: 5, callFrame: callFrame("parse") },
  { id: 6, callFrame: callFrame("list", "file:///app/src/list.mjs", 9), children: [7] },
  {
    id: 7,
    callFrame: callFrame("toLine", "/app/src/line.js", 19),
    positionTicks: [
      { line: 25, ticks: 2 },
      { line: 21, ticks: 1 },
    ],
  },
  { id: 8, callFrame: meta("garbage collector") },
  { id: 9, callFrame: meta("idle") },
];
const samples = [5, 7, 7, 7, 8, 4, 9, 9];
const profile = {
  nodes,
  samples,
  timeDeltas: [1_000, ...Array.from({ length: 7 }, () => 10_000)],
  startTime: 500_000,
  endTime: 581_000,
};
const marks = {
  timesMs: Float64Array.of(0, 40),
  requests: Uint32Array.of(beginsFlag, (1 | beginsFlag) >>> 0),
  routeOf: Uint16Array.of(1, 1),
  traceIds: Uint32Array.of(0xaaaaaaaa, 0, 1, 0xaaaaaaaa, 2, 2, 2, 2),
  routes: ["", "GET /list"],
};

test("a CPU profile becomes time by function, line, stack, and route", () => {
  expect(summarizeCpuProfile(profile, { marks, clockOffsetMs: -500, frames })).toEqual({
    durationMs: 81,
    samples: 8,
    busyMs: 61,
    gcMs: 10,
    hottest: expect.objectContaining({ name: "toLine (src/line.js:25)", ms: 30, lineNumber: 25 }),
    self: [
      { name: "toLine (src/line.js:25)", ms: 30 },
      { name: "(garbage collector)", ms: 10 },
      { name: "list (src/list.mjs:10)", ms: 10 },
      { name: "parse [node]", ms: 10 },
    ],
    total: [
      { name: "list (src/list.mjs:10)", ms: 50 },
      { name: "toLine (src/line.js:20)", ms: 30 },
    ],
    routes: [{ name: "GET /list", ms: 60 }],
    stacks: [
      "[router];[@scope/web];list (src/list.mjs:10);toLine (src/line.js:20) 30000",
      "[router];[@scope/web];list (src/list.mjs:10);parse [node] 10000",
      "(garbage collector) 10000",
      "[router];[@scope/web];list (src/list.mjs:10) 10000",
    ].join("\n"),
    traceId: "aaaaaaaa0000000000000001aaaaaaaa",
  });
});

test("what runs in a package is the time of whoever called it", () => {
  const inPackage = { ...profile, samples: [5, 5, 5, 5, 5, 4, 9, 9] };
  const { hottest } = summarizeCpuProfile(inPackage, { marks, clockOffsetMs: -500, frames });
  expect(hottest).toMatchObject({ name: "list (src/list.mjs:10)", ms: 60, lineNumber: 10 });
});

test("an empty profile is a summary without times", () => {
  const empty = { nodes: [], startTime: 0, endTime: 0 };
  const none = { ...marks, timesMs: new Float64Array(), requests: new Uint32Array() };
  expect(summarizeCpuProfile(empty, { marks: none, clockOffsetMs: 0, frames })).toEqual({
    durationMs: 0,
    samples: 0,
    busyMs: 0,
    gcMs: 0,
    hottest: undefined,
    self: [],
    total: [],
    routes: [],
    stacks: "",
    traceId: "",
  });
});
