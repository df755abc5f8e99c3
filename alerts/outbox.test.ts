import { expect, test } from "vitest";
import { sampleFinding } from "../test/support/sample-finding.ts";
import { startSlackSink } from "../test/support/slack-sink.ts";
import type { AlertChannel, SendResult } from "./alert-channel.ts";
import { createSlackChannel } from "./channels/slack.ts";
import type { Clock } from "./clock.ts";
import type { Delivery, DeliveryLog } from "./delivery.ts";
import { createOutbox, type OutboxOptions } from "./outbox.ts";

const start = Date.UTC(2026, 10, 20, 12);
const second = 1000;
const hour = 3600 * second;

/** A clock that is moved by hand: `next` goes to the time of the next timer and calls it. */
function createHandClock() {
  let now = start;
  const timers = new Set<{ at: number; callback: () => void }>();
  const clock: Clock = {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const next = () => {
    const [first] = [...timers].sort((a, b) => a.at - b.at);
    if (!first) return false;
    timers.delete(first);
    now = Math.max(now, first.at);
    first.callback();
    return true;
  };
  return { clock, next, elapsed: () => now - start };
}

/** A record in memory; `failures` is how often it will refuse. */
function createRecord(deliveries: Delivery[] = [], failures = 0) {
  const log: DeliveryLog = {
    list: async () => deliveries,
    append: async (delivery) => {
      if (failures-- > 0) throw new Error("the store is away");
      deliveries.push(delivery);
    },
  };
  return { log, deliveries };
}

type Answers = (SendResult | "fault")[];
const tryAgain: SendResult = { outcome: "try-again", reason: "HTTP 503" };

/** A channel that answers by script, then "sent", and says when it was asked. */
function createChannel(name: string, answers: Answers, elapsed: () => number) {
  const sends: { id: string; at: number }[] = [];
  const channel: AlertChannel = {
    name,
    send: async (finding) => {
      sends.push({ id: finding.id, at: elapsed() });
      const answer = answers.shift() ?? { outcome: "sent" };
      if (answer === "fault") throw new Error("a bug");
      return answer;
    },
  };
  return { channel, sends };
}

function setUp(
  answers: Answers = [],
  options: Partial<OutboxOptions> & { record?: ReturnType<typeof createRecord> } = {},
) {
  const time = createHandClock();
  const { record = createRecord(), ...rest } = options;
  const slack = createChannel("slack", answers, time.elapsed);
  const lines: string[] = [];
  const outbox = createOutbox({
    channels: [slack.channel],
    deliveries: record.log,
    log: (line) => lines.push(line),
    clock: time.clock,
    random: () => 1,
    ...rest,
  });
  return { ...time, ...slack, ...record, lines, outbox };
}

/** Lets everything happen that can without waiting for time to pass. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Runs timers until none is left, at most `max`. */
async function runTimers(next: () => boolean, max = 10_000): Promise<void> {
  for (let i = 0; i < max && next(); i++) await settle();
}

test("a finding is sent once, however often it is offered", async () => {
  const { outbox, next, sends, deliveries } = setUp();
  const { offer, counters } = await outbox;
  offer(sampleFinding());
  offer(sampleFinding());
  await runTimers(next);
  offer(sampleFinding());
  await runTimers(next);
  expect(sends).toHaveLength(1);
  expect(deliveries).toEqual([
    {
      findingId: sampleFinding().id,
      channel: "slack",
      at: start,
      status: "sent",
      attempts: 1,
      reason: "",
    },
  ]);
  expect(counters).toMatchObject({ sent: 1, waiting: 0, dropped: 0 });
});

test("after a restart nothing is repeated, and what waited is sent when offered again", async () => {
  const record = createRecord();
  const before = setUp([], { record });
  const first = await before.outbox;
  first.offer(sampleFinding({ id: "a" }));
  await runTimers(before.next, 1);
  first.offer(sampleFinding({ id: "b" }));
  await first.close();

  const after = setUp([], { record });
  const second = await after.outbox;
  second.offer(sampleFinding({ id: "a" }));
  second.offer(sampleFinding({ id: "b" }));
  await runTimers(after.next);
  expect([...before.sends, ...after.sends].map(({ id }) => id)).toEqual(["a", "b"]);
});

test("messages to a channel are a second apart, in order", async () => {
  const { outbox, next, sends } = setUp();
  const { offer } = await outbox;
  for (const id of ["a", "b", "c"]) offer(sampleFinding({ id }));
  await runTimers(next);
  expect(sends).toEqual([
    { id: "a", at: 0 },
    { id: "b", at: second },
    { id: "c", at: 2 * second },
  ]);
});

test("waits double up to five minutes, and others are not held up by one that fails", async () => {
  const { outbox, next, sends, counters } = await opened(Array(12).fill(tryAgain));
  outbox.offer(sampleFinding({ id: "poison" }));
  await runTimers(next);
  const waits = sends.map(({ at }, i) => (at - (sends[i - 1]?.at ?? 0)) / second);
  expect(waits).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  expect(counters).toMatchObject({ retried: 12, sent: 1 });
});

test("a message that fails lets the next pass", async () => {
  const { outbox, next, sends } = await opened([tryAgain, tryAgain]);
  outbox.offer(sampleFinding({ id: "a" }));
  await runTimers(next, 1);
  await runTimers(next, 1);
  outbox.offer(sampleFinding({ id: "b" }));
  await runTimers(next);
  expect(sends.map(({ id }) => id)).toEqual(["a", "a", "b", "a"]);
});

test.for([
  ["5", 5 * second],
  ["Fri, 20 Nov 2026 12:00:42 GMT", 42 * second],
  ["99999999", hour],
  ["nonsense", second],
] as const)("Retry-After: %s holds the whole channel", async ([retryAfter, waitMs]) => {
  const { outbox, next, sends } = await opened([{ ...tryAgain, retryAfter }]);
  outbox.offer(sampleFinding({ id: "a" }));
  outbox.offer(sampleFinding({ id: "b" }));
  await runTimers(next);
  expect(sends.map(({ at }) => at)).toEqual([0, waitMs, waitMs + second]);
});

test("what is refused is recorded as failed and not tried again", async () => {
  const { outbox, next, sends, deliveries, lines, counters } = await opened([
    { outcome: "refused", reason: "HTTP 404 no_service" },
  ]);
  outbox.offer(sampleFinding());
  await runTimers(next);
  outbox.offer(sampleFinding());
  await runTimers(next);
  expect(sends).toHaveLength(1);
  expect(deliveries).toMatchObject([
    { status: "failed", attempts: 1, reason: "HTTP 404 no_service" },
  ]);
  expect(lines).toEqual([`finding ${sampleFinding().id} not sent to slack: HTTP 404 no_service`]);
  expect(counters).toMatchObject({ failed: 1, sent: 0, waiting: 0 });
});

test("a day without success is a failure", async () => {
  const { outbox, next, deliveries, elapsed } = await opened(Array(1000).fill(tryAgain));
  outbox.offer(sampleFinding());
  await runTimers(next);
  expect(deliveries).toMatchObject([{ status: "failed", reason: "gave up: HTTP 503" }]);
  expect(elapsed()).toBeGreaterThanOrEqual(24 * hour);
  expect(elapsed()).toBeLessThan(25 * hour);
});

test("a bug in a channel is a reason to try again", async () => {
  const { outbox, next, deliveries } = await opened(["fault"]);
  outbox.offer(sampleFinding());
  await runTimers(next);
  expect(deliveries).toMatchObject([{ status: "sent", attempts: 2 }]);
});

test("one channel's trouble is not another's", async () => {
  const time = createHandClock();
  const record = createRecord();
  const broken = createChannel("broken", Array(5).fill(tryAgain), time.elapsed);
  const working = createChannel("working", [], time.elapsed);
  const { outbox } = setUp([], {
    record,
    clock: time.clock,
    channels: [broken.channel, working.channel],
  });
  const { offer } = await outbox;
  offer(sampleFinding({ id: "a" }));
  offer(sampleFinding({ id: "b" }));
  await runTimers(time.next);
  expect(working.sends.map(({ at }) => at)).toEqual([0, second]);
  expect(record.deliveries).toHaveLength(4);
});

test("a full queue drops and counts; what was dropped may be offered again", async () => {
  const { outbox, next, sends, counters } = await opened([], { limits: { queueMax: 2 } });
  for (const id of ["a", "b", "c"]) outbox.offer(sampleFinding({ id }));
  expect(counters).toMatchObject({ dropped: 1, waiting: 2 });
  await runTimers(next);
  outbox.offer(sampleFinding({ id: "c" }));
  await runTimers(next);
  expect(sends.map(({ id }) => id)).toEqual(["a", "b", "c"]);
});

test("nothing more is sent while a delivery can't be recorded, and nothing is sent twice", async () => {
  const { outbox, next, sends, deliveries, counters, lines } = await opened([], {
    record: createRecord([], 3),
  });
  outbox.offer(sampleFinding({ id: "a" }));
  outbox.offer(sampleFinding({ id: "b" }));
  await runTimers(next);
  expect(sends).toEqual([
    { id: "a", at: 0 },
    { id: "b", at: (1 + 2 + 4 + 0) * second },
  ]);
  expect(deliveries.map(({ findingId }) => findingId)).toEqual(["a", "b"]);
  expect(counters).toMatchObject({ sent: 2, recordErrors: 3 });
  expect(lines).toEqual(["delivery not recorded, trying again: Error: the store is away"]);
});

test("without a record to read nothing is sent", async () => {
  const list = () => Promise.reject(new Error("the store is away"));
  const { outbox } = setUp([], { deliveries: { list, append: async () => {} } });
  await expect(outbox).rejects.toThrow("the store is away");
});

test("the end does not wait for a channel that never answers, and drops what comes later", async () => {
  const time = createHandClock();
  const signals: AbortSignal[] = [];
  const never: AlertChannel = {
    name: "never",
    send: (_finding, signal) => {
      signals.push(signal);
      return new Promise(() => {});
    },
  };
  const { outbox } = setUp([], { channels: [never], clock: time.clock });
  const { offer, close, counters } = await outbox;
  offer(sampleFinding());
  await runTimers(time.next, 1);
  const closed = close();
  await runTimers(time.next);
  await closed;
  expect(time.elapsed()).toBe(5 * second);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  offer(sampleFinding({ id: "late" }));
  expect(counters.dropped).toBe(1);
});

/** As `setUp`, with the outbox open. */
async function opened(...given: Parameters<typeof setUp>) {
  const parts = setUp(...given);
  const outbox = await parts.outbox;
  return { ...parts, outbox, counters: outbox.counters };
}

test("through HTTP: Slack's 429 and 500 are waited out, its 410 is final", async () => {
  const sink = await startSlackSink();
  const later = (seconds: string) => ({ status: 429, headers: { "retry-after": seconds } });
  sink.answer(later("30"), { status: 500 }, { status: 410, body: "channel_is_archived" });
  const toLinks = () => ({ findingUrl: "http://culprit.internal/findings/1" });
  const channel = createSlackChannel({ webhookUrl: sink.url, allowPrivate: true, toLinks });
  const { outbox, next, deliveries, elapsed } = await opened([], { channels: [channel] });
  for (const id of ["a", "b", "c"]) outbox.offer(sampleFinding({ id }));
  // A timer that is due starts a real request; until it is answered there is no other.
  for (; outbox.counters.waiting > 0; await settle()) next();
  await sink.close();
  expect(
    deliveries.map(({ findingId, status, attempts }) => [findingId, status, attempts]),
  ).toEqual([
    ["c", "failed", 1],
    ["a", "sent", 2],
    ["b", "sent", 2],
  ]);
  expect(elapsed()).toBeGreaterThanOrEqual(33 * second);
  expect(sink.received).toHaveLength(5);
  expect(sink.complaints).toEqual([]);
});
