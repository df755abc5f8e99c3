import { afterAll, beforeAll, expect, test } from "vitest";
import { testTimeMs } from "../../collector/decode/testing/otlp-model.ts";
import { type RunningCollector, runCollector } from "../conformance/running-collector.ts";
import { fuzz } from "./fuzz.ts";
import { createTransports } from "./transports.ts";

/** The short version of `npm run fuzz`. */
let collector: RunningCollector;

beforeAll(async () => {
  const awayMs = Math.abs(testTimeMs - Date.now()) + 3_600_000;
  collector = await runCollector({ acceptedWindow: { pastMs: awayMs, futureMs: awayMs } });
});

afterAll(() => collector?.close());

test.each([0, 1, 2, 3])(
  "transport %i answers what is changed at random, and then what is good",
  async (index) => {
    const transport = createTransports(collector)[index]!;
    const { sent, answers, failures } = await fuzz(transport, 400, 7);
    transport.close();
    expect(failures).toEqual([]);
    expect(Object.values(answers).reduce((sum, count) => sum + count, 0)).toBe(sent);
    // Some of it is accepted, some refused: the changes neither miss nor break everything.
    expect(Object.keys(answers).length).toBeGreaterThan(1);
  },
);
