import { expect, test } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const now = Date.UTC(2026, 10, 20, 12, 0, 0);

test.for<[string | undefined, number | undefined]>([
  [undefined, undefined],
  ["", undefined],
  ["soon", undefined],
  ["-5", undefined],
  ["1.5", undefined],
  ["0", 0],
  [" 30 ", 30_000],
  ["99999999999999999999", 3_600_000],
  ["Fri, 20 Nov 2026 12:00:10 GMT", 10_000],
  ["Friday, 20-Nov-26 12:00:10 GMT", 10_000],
  ["Fri, 20 Nov 2026 11:00:00 GMT", 0],
  ["Fri, 20 Nov 2099 12:00:00 GMT", 3_600_000],
])("Retry-After %o is %o ms", ([header, waitMs]) => {
  expect(parseRetryAfter(header, { now, maxMs: 3_600_000 })).toBe(waitMs);
});
