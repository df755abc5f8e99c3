import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../support/debian-server.ts";
import { startRabbitmq } from "../support/rabbitmq.ts";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";

let rabbitmq: RunningServer;

beforeAll(async () => {
  rabbitmq = await startRabbitmq();
});

afterAll(() => rabbitmq?.stop());

describe.each(librarySets)("amqplib, %s", (set) => {
  it.each(moduleSystems)(
    "a message is consumed in the trace that sent it, as %s",
    async (modules) => {
      const env = { SERVER_URL: `amqp://guest:guest@127.0.0.1:${rabbitmq.port}` };
      const { items } = await runLibrary({ library: "amqplib", set, modules, env });
      for (const { server, calls } of items) {
        const sent = calls.find(({ kind }) => kind === 4);
        const consumed = calls.find(({ kind }) => kind === 5);
        expect(calls).toHaveLength(2);
        expect(sent).toMatchObject({ parentSpanId: server.spanId, isError: false });
        expect(consumed).toMatchObject({ parentSpanId: sent?.spanId, isError: false });
        for (const span of [sent, consumed]) {
          expect(span?.attributes).toMatchObject({ "messaging.system": "rabbitmq" });
          expect(JSON.stringify(span)).not.toContain("guest:guest");
        }
      }
    },
  );
});
