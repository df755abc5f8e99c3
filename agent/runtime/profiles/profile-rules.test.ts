import { expect, test } from "vitest";
import { ProfileRules } from "./profile-rules.ts";

const budget = { coolDownMs: 300_000, profilesPerHourMax: 2 };
const minuteMs = 60_000;

test("what happens for the third time within a minute recurs, by itself", () => {
  const rules = new ProfileRules(budget);
  expect(rules.isRecurring("block", 0)).toBe(false);
  expect(rules.isRecurring("GET /slow", 1)).toBe(false);
  expect(rules.isRecurring("block", 2)).toBe(false);
  expect(rules.isRecurring("GET /slow", 3)).toBe(false);
  expect(rules.isRecurring("block", 4)).toBe(true);
  expect(rules.isRecurring("GET /slow", minuteMs + 2)).toBe(false);
});

test("one profile at a time, some minutes apart, and so many an hour", () => {
  const rules = new ProfileRules(budget);
  expect(rules.mayStart("slow_route", 0)).toBe(true);
  expect(rules.mayStart("slow_route", 1)).toBe(false);
  rules.ended(minuteMs);
  expect(rules.mayStart("event_loop_block", 5 * minuteMs)).toBe(false);
  expect(rules.mayStart("event_loop_block", 6 * minuteMs)).toBe(true);
  rules.ended(7 * minuteMs);
  expect(rules.mayStart("slow_route", 30 * minuteMs)).toBe(false);
  expect(rules.mayStart("slow_route", 61 * minuteMs)).toBe(true);
});

test("a profile that somebody asks for waits for none but the one that is being taken", () => {
  const rules = new ProfileRules(budget);
  expect(rules.mayStart("event_loop_block", 0)).toBe(true);
  expect(rules.mayStart("signal", 1)).toBe(false);
  rules.ended(2);
  expect(rules.mayStart("signal", 3)).toBe(true);
});

test("routes are remembered up to a limit", () => {
  const rules = new ProfileRules(budget);
  for (let i = 0; i < 10_000; i += 1) rules.isRecurring(`GET /${i}`, i / 1_000);
  rules.isRecurring("GET /9999", 11);
  expect(rules.isRecurring("GET /9999", 12)).toBe(true);
  rules.isRecurring("GET /0", 12);
  expect(rules.isRecurring("GET /0", 12)).toBe(false);
});
