import { tracingChannel } from "node:diagnostics_channel";
import { setTimeout as wait } from "node:timers/promises";
import { INVALID_SPAN_CONTEXT, trace } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { ActiveContext, ActiveContexts } from "../tracing/active-context.ts";
import { Guard } from "./guard.ts";
import { followCalls } from "./tracing-channel.ts";

let names = 0;

/** A library's channel, and what an instrumentation of it was told. */
function follow(start?: () => never) {
  names += 1;
  const name = `library-${names}:call`;
  const contexts = new ActiveContexts();
  const told: unknown[] = [];
  followCalls<{ readonly query: string }>({
    name,
    guard: new Guard(name),
    contexts,
    start({ query }) {
      start?.();
      told.push(`start ${query}`);
      return {
        succeed: (...results: unknown[]) => void told.push(["succeed", ...results]),
        fail: (...errors: unknown[]) => void told.push(["fail", ...errors]),
      };
    },
  });
  return { channel: tracingChannel(name), contexts, told };
}

it("tells the start and the result of a call with a callback", () => {
  const { channel, told } = follow();
  const library = (callback: (error: null, rows: number[]) => void) => callback(null, [1, 2]);
  channel.traceCallback(library, 0, { query: "q" }, undefined, () => told.push("callback"));
  expect(told).toEqual(["start q", ["succeed", [1, 2]], "callback"]);
});

it("tells the result and the error of calls with a promise, once each", async () => {
  const { channel, told } = follow();
  await channel.tracePromise(async () => 7, { query: "a" });
  const failed = channel.tracePromise(() => Promise.reject(new Error("no")), { query: "b" });
  await expect(failed).rejects.toThrow("no");
  expect(told).toEqual(["start a", ["succeed", 7], "start b", ["fail", new Error("no")]]);
});

it("runs a callback in the context of its call, not of what brought the answer", async () => {
  const { channel, contexts } = follow();
  const callers = [1, 2].map(() => new ActiveContext(trace.wrapSpanContext(INVALID_SPAN_CONTEXT)));
  const waiting: (() => void)[] = [];
  const seen: unknown[] = [];
  for (const caller of callers) {
    contexts.with(caller, () => {
      const library = (callback: () => void) => void waiting.push(callback);
      channel.traceCallback(library, 0, { query: "q" }, undefined, () =>
        seen.push(contexts.current()),
      );
    });
  }
  await wait(1);
  contexts.with(new ActiveContext(trace.wrapSpanContext(INVALID_SPAN_CONTEXT)), () => {
    for (const callback of waiting) callback();
  });
  expect(seen).toEqual(callers);
  expect(seen[0]).toBe(callers[0]);
});

it("an instrumentation that throws changes nothing for the library", () => {
  const { channel } = follow(() => {
    throw new Error("broken instrumentation");
  });
  let called = 0;
  for (let i = 0; i < 9; i += 1) {
    channel.traceCallback(
      (callback: () => void) => callback(),
      0,
      { query: "q" },
      undefined,
      () => {
        called += 1;
      },
    );
  }
  expect(called).toBe(9);
});
