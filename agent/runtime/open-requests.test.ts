import { INVALID_SPAN_CONTEXT, trace } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { OpenRequests } from "./open-requests.ts";

const createSpan = () => trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
const always = [0, Number.POSITIVE_INFINITY] as const;

it("a request that ended is still known until the next heartbeat, and then forgotten", () => {
  const requests = new OpenRequests();
  const span = createSpan();
  requests.add(span);
  requests.remove(span);
  expect(requests.during(...always, 9).map((request) => request.span)).toEqual([span]);
  requests.forgetEnded();
  expect(requests.during(...always, 9)).toEqual([]);
});

it("a request is affected by what overlaps it, not by what was before", () => {
  const requests = new OpenRequests();
  const beforeMs = performance.now() - 10;
  const span = createSpan();
  requests.add(span);
  expect(requests.during(0, beforeMs, 9)).toEqual([]);
  const [request] = requests.during(0, performance.now() + 10, 9);
  expect(request).toMatchObject({ span, endMs: Number.POSITIVE_INFINITY });
  expect(request?.startMs).toBeGreaterThan(beforeMs);
});

it("names at most as many as are asked for", () => {
  const requests = new OpenRequests();
  for (let i = 0; i < 5; i += 1) requests.add(createSpan());
  const ended = createSpan();
  requests.add(ended);
  requests.remove(ended);
  expect(requests.during(...always, 3)).toHaveLength(3);
});
