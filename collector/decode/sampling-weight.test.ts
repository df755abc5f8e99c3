import { expect, it } from "vitest";
import { toSamplingWeight } from "./sampling-weight.ts";

it.each([
  ["", 1],
  ["ot=th:0", 1],
  ["ot=th:8", 2],
  ["ot=th:c", 4],
  ["ot=rv:abcdef01234567;th:C0", 4],
  ["vendor=th:8, ot=th:e", 8],
  ["ot=th:fd70a3d70a3d71", 100],
  ["ot=th:ffffffffffffff", 2 ** 56],
  ["ot=th:", 1],
  ["ot=th:xyz", 1],
  ["ot=th:000000000000008", 1],
  ["foot=th:8", 1],
])("the weight of %j is %d", (traceState, weight) => {
  expect(toSamplingWeight(traceState)).toBeCloseTo(weight, 9);
});
