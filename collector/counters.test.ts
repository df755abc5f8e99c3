import { expect, test } from "vitest";
import { Counters } from "./counters.ts";

test("counters add up by name and reason, and are listed in order", () => {
  const counters = new Counters();
  counters.add("refused_requests", 1, "GZIP_INVALID");
  counters.add("accepted_spans", 5);
  counters.add("refused_requests", 2, "BODY_TOO_LARGE");
  counters.add("accepted_spans", 3);
  expect(counters.list()).toEqual([
    { name: "accepted_spans", reason: "", value: 8 },
    { name: "refused_requests", reason: "BODY_TOO_LARGE", value: 2 },
    { name: "refused_requests", reason: "GZIP_INVALID", value: 1 },
  ]);
  expect(counters.value("refused_requests")).toBe(3);
  expect(counters.value("refused_requests", "GZIP_INVALID")).toBe(1);
  expect(counters.value("unknown")).toBe(0);
});
