import { describe, expect, it } from "vitest";
import { LocalTrace } from "./local-trace.ts";
import { beginsFlag, noRequest, RequestMarks, traceIdOf } from "./request-marks.ts";

const createTrace = (id: number, isSampled = true) =>
  new LocalTrace([id, id, id, id], "", isSampled, 0);
const begins = (request: number) => (request | beginsFlag) >>> 0;

describe("marks of requests", () => {
  it("say which request ran, where it began, and what it was called in the end", () => {
    const marks = new RequestMarks(100);
    const [list, save] = [createTrace(1), createTrace(0xff)];
    marks.mark(list);
    marks.mark(save);
    marks.mark(list);
    marks.end(list, "GET /list");
    marks.end(save, "POST /save");
    const taken = marks.take();
    expect([...taken.requests]).toEqual([begins(0), begins(1), 0, noRequest, 1, noRequest]);
    expect([...taken.routeOf.subarray(0, 2)].map((it) => taken.routes[it])).toEqual([
      "GET /list",
      "POST /save",
    ]);
    expect(traceIdOf(taken, 1)).toBe("000000ff".repeat(4));
    expect([...taken.timesMs].sort((a, b) => a - b)).toEqual([...taken.timesMs]);
  });

  it("of one profile are not those of the one before", () => {
    const trace = createTrace(1);
    new RequestMarks(100).mark(trace);
    const marks = new RequestMarks(100);
    marks.name(trace, "GET /of-the-one-before");
    marks.mark(createTrace(2));
    marks.mark(trace);
    const { requests, routes } = marks.take();
    expect([...requests]).toEqual([begins(0), begins(1)]);
    expect(routes).toEqual([""]);
  });

  it("name no trace that is not sent", () => {
    const marks = new RequestMarks(100);
    marks.mark(createTrace(7, false));
    expect(traceIdOf(marks.take(), 0)).toBe("");
  });

  it("end at their limits, of marks, of requests and of names", () => {
    const marks = new RequestMarks(10);
    for (let i = 1; i < 100; i += 1) marks.end(createTrace(i), `GET /${i}`);
    const { requests, routeOf } = marks.take();
    expect(requests).toHaveLength(10);
    expect(routeOf).toHaveLength(5);
    const many = new RequestMarks(20_000);
    for (let i = 1; i < 5_000; i += 1) many.end(createTrace(i), `GET /${i}`);
    expect(many.take().routes).toHaveLength(2_000);
  });
});
