import { expect, test } from "vitest";
import { readStartConfig } from "./config.ts";
import { windowOf } from "./receivers.ts";

const hourMs = 3_600_000;

test("what the retention would drop is not accepted, each signal by its own", () => {
  const config = readStartConfig(["--retention-days", "1", "--accept-past-hours", "400"], {});
  expect(windowOf(config, "traces").pastMs).toBe(24 * hourMs);
  expect(windowOf(config, "logs").pastMs).toBe(14 * 24 * hourMs);
});

test("within the retention the accepted window is as configured", () => {
  const config = readStartConfig([], {});
  expect(windowOf(config, "metrics")).toEqual({ pastMs: 72 * hourMs, futureMs: 600_000 });
});
