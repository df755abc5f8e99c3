import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { inFlightMax, type LoadTarget, runLoad } from "./load.ts";

async function target(perSecond: number, listener: RequestListener): Promise<LoadTarget> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { baseUrl, method: "GET", route: "/:n", path: (n) => `/${n}`, perSecond };
}

test("runLoad sends every planned request once, and tells answers from failures", async () => {
  const seen: (string | undefined)[] = [];
  const odd = await target(100, ({ url }, response) => {
    seen.push(url);
    response.statusCode = Number(url?.slice(1)) % 2 ? 500 : 200;
    response.end();
  });
  const quiet = await target(50, (_request, response) => response.end());

  const [oddReport, quietReport] = await runLoad({ targets: [odd, quiet], durationMs: 200 });
  expect(oddReport).toMatchObject({ target: odd, sent: 20, ok: 10, failed: 10, skipped: 0 });
  expect(quietReport).toMatchObject({ target: quiet, sent: 10, ok: 10, failed: 0, skipped: 0 });
  expect(seen.toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `/${n}`).toSorted());
});

test("runLoad goes on sending while nothing is answered", async () => {
  const all = 10;
  const waiting: (() => void)[] = [];
  const slow = await target(100, (_request, response) => {
    waiting.push(() => response.end());
    if (waiting.length === all) for (const answer of waiting) answer();
  });
  const [report] = await runLoad({ targets: [slow], durationMs: 100 });
  expect(report).toMatchObject({ sent: all, ok: all });
});

test("runLoad skips and counts what is more than it may have under way", async () => {
  // All within its first millisecond: no answer comes in between.
  const fast = await target(1_000_000, (_request, response) => response.end());
  const [report] = await runLoad({ targets: [fast], durationMs: 1 });
  expect(report).toMatchObject({
    sent: inFlightMax,
    ok: inFlightMax,
    skipped: 1_000 - inFlightMax,
  });
});

test("runLoad ends early when told to, and reports what it sent", async () => {
  const controller = new AbortController();
  const stopped = await target(1_000, (_request, response) => {
    controller.abort();
    response.end();
  });
  const [report] = await runLoad({
    targets: [stopped],
    durationMs: 3_600_000,
    signal: controller.signal,
  });
  expect(report?.sent).toBeGreaterThan(0);
  expect(report?.ok).toBe(report?.sent);
});

test("runLoad reports latencies in order, and zero for what never answered", async () => {
  const open = await target(100, (_request, response) => response.end());
  const dead = await target(100, (request) => request.destroy());
  const [answered, failed] = await runLoad({ targets: [open, dead], durationMs: 100 });
  expect(answered?.p50Ms).toBeGreaterThan(0);
  expect(answered?.p95Ms).toBeGreaterThanOrEqual(Number(answered?.p50Ms));
  expect(answered?.maxMs).toBeGreaterThanOrEqual(Number(answered?.p95Ms));
  expect(failed).toMatchObject({ sent: 10, ok: 0, failed: 10, p95Ms: 0 });
});
