import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

let things: ThingsServer;

beforeAll(async () => {
  things = await startThingsServer();
});

afterAll(() => things.stop());

describe.each(["undici", "fetch"])("%s", (library) => {
  describe.each(librarySets)("%s", (set) => {
    it.each(moduleSystems)(
      "has each call in its own request, with evidence, as %s",
      async (modules) => {
        // Nobody can listen on the port of a connection that goes out.
        const taken = connect(things.port, "127.0.0.1");
        await once(taken, "connect");
        const env = {
          SERVER_URL: things.url,
          DEAD_URL: `http://127.0.0.1:${taken.localPort}/`,
        };
        const { items, failed, callSite } = await runLibrary({ library, set, modules, env });
        taken.destroy();
        for (const [i, { server, calls }] of items.entries()) {
          expect(calls, JSON.stringify(calls)).toHaveLength(1);
          const [call] = calls;
          expect(call).toMatchObject({
            name: "GET",
            kind: 3,
            parentSpanId: server.spanId,
            isError: false,
          });
          expect(call?.attributes).toMatchObject({
            "http.request.method": "GET",
            "http.response.status_code": 200,
            "server.address": "127.0.0.1",
            "server.port": things.port,
            ...callSite,
          });
          expect(call?.attributes["url.full"]).toContain(`/things/${i + 1}`);
          expect(call?.attributes["culprit.params_hash"]).toMatch(/^[0-9a-f]{16}$/);
          expect(things.parents).toContain(`00-${server.traceId}-${call?.spanId}-01`);
        }
        // It is tried twice.
        expect(
          failed.calls.map(({ isError, parentSpanId }) => ({ isError, parentSpanId })),
        ).toEqual([1, 2].map(() => ({ isError: true, parentSpanId: failed.server.spanId })));
        const [first, second] = failed.calls.map(({ attributes }) => attributes);
        expect(first).toMatchObject({ "error.type": "ECONNREFUSED" });
        expect(first).not.toHaveProperty("http.request.resend_count");
        expect(second).toMatchObject({ "http.request.resend_count": 1 });
      },
    );
  });
});
