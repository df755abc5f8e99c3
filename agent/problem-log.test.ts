import { expect, test } from "vitest";
import { ProblemLog } from "./problem-log.ts";

/** A log, what it has written, and its clock. */
function startLog() {
  const lines: string[] = [];
  const due: { readonly atMs: number; readonly callback: () => void }[] = [];
  let nowMs = 0;
  const log = new ProblemLog({
    write: (line) => lines.push(line),
    schedule: (callback, delayMs) => due.push({ atMs: nowMs + delayMs, callback }),
  });
  const advance = (ms: number) => {
    const untilMs = nowMs + ms;
    for (let next = due[0]; next !== undefined && next.atMs <= untilMs; next = due[0]) {
      due.shift();
      nowMs = next.atMs;
      next.callback();
    }
    nowMs = untilMs;
  };
  return { log, lines, advance };
}

const minuteMs = 60_000;

test("problems of one turn are one line, at its end", () => {
  const { log, lines, advance } = startLog();
  log.tell("the collector is away");
  log.addDropped("spans_queue_full", 512);
  log.tell("the collector is away");
  expect(lines).toEqual([]);
  advance(0);
  expect(lines).toEqual(["the collector is away; left out: spans_queue_full 512"]);
});

test("what comes within ten minutes of a line is one line after them, with the sum by reason", () => {
  const { log, lines, advance } = startLog();
  log.tell("first");
  advance(0);
  for (let i = 0; i < 1_000; i += 1) {
    log.addDropped("spans_queue_full", 2);
    log.addDropped("span_failed", 1);
  }
  log.tell("second");
  advance(10 * minuteMs - 1);
  expect(lines).toHaveLength(1);
  advance(1);
  expect(lines).toEqual(["first", "second; left out: spans_queue_full 2000, span_failed 1000"]);
});

test("after ten minutes without a problem the next one is said at once", () => {
  const { log, lines, advance } = startLog();
  log.tell("first");
  advance(25 * minuteMs);
  log.tell("second");
  advance(0);
  expect(lines).toEqual(["first", "second"]);
});

test("a problem without end is one line in ten minutes", () => {
  const { log, lines, advance } = startLog();
  for (let minute = 0; minute < 60; minute += 1) {
    log.tell("the collector is away");
    advance(minuteMs);
  }
  expect(lines).toHaveLength(7);
});

test("of many different messages a line has five, and the number of the others", () => {
  const { log, lines, advance } = startLog();
  for (let i = 0; i < 1_000; i += 1) log.tell(`problem ${i}`);
  advance(0);
  expect(lines).toEqual([
    "problem 0; problem 1; problem 2; problem 3; problem 4; 995 more problems",
  ]);
});
