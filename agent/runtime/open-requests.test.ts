import { INVALID_SPAN_CONTEXT, trace } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { OpenRequests } from "./open-requests.ts";

const createSpan = () => trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
const always = [0, Number.POSITIVE_INFINITY] as const;

it("a request that ended late is still known until the next heartbeat, and then forgotten", () => {
  const requests = new OpenRequests();
  const span = createSpan();
  requests.add(span, 1);
  requests.remove(span, 2, true);
  requests.remove(span, 3, true);
  expect(requests.during(...always, 9).map((request) => request.span)).toEqual([span]);
  requests.forgetEnded();
  expect(requests.during(...always, 9)).toEqual([]);
});

it("a request that ended in time is forgotten at once, and its place is another's", () => {
  const requests = new OpenRequests();
  const [span, other] = [createSpan(), createSpan()];
  requests.add(span, 1);
  expect(requests.remove(span, 2, false)).toBe(1);
  requests.add(other, 3);
  expect(requests.during(...always, 9).map((request) => request.span)).toEqual([other]);
  expect(requests.remove(span, 4, false)).toBeUndefined();
  expect(requests.remove(other, 4, false)).toBe(3);
});

it("a request is affected by what overlaps it, not by what was before", () => {
  const requests = new OpenRequests();
  const span = createSpan();
  requests.add(span, 5);
  expect(requests.during(0, 4, 9)).toEqual([]);
  const [request] = requests.during(0, 6, 9);
  expect(request).toEqual({ span, startMs: 5, endMs: Number.POSITIVE_INFINITY });
});

it("names at most as many as are asked for", () => {
  const requests = new OpenRequests();
  for (let i = 0; i < 5; i += 1) requests.add(createSpan(), 1);
  const ended = createSpan();
  requests.add(ended, 1);
  requests.remove(ended, 2, true);
  expect(requests.during(...always, 3)).toHaveLength(3);
});
