import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installOldestNode } from "../support/agent-project.ts";
import { frameworks } from "./frameworks.ts";
import { librarySets, runLibrary } from "./run-library.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

let things: ThingsServer;
let oldestNode: string;

beforeAll(async () => {
  [things, oldestNode] = await Promise.all([startThingsServer(), installOldestNode()]);
});

afterAll(() => things.stop());

/** Node 24 as both kinds of modules; Node 22.15 has no safe way to see packages that are ES modules. */
const runs = [
  ["CommonJS", "Node 24"],
  ["ESM", "Node 24"],
  ["CommonJS", "Node 22.15"],
] as const;

describe.each(frameworks)("%s", (_name, library, route, settings) => {
  describe.each(librarySets)("%s", (set) => {
    it.each(runs)("names the route of each request, as %s on %s", async (modules, version) => {
      const env = { SERVER_URL: things.url, ...settings };
      const node = version === "Node 24" ? undefined : oldestNode;
      const run = await runLibrary({ library, set, modules, env, node, isFramework: true });
      for (const [i, { server, calls }] of run.items.entries()) {
        expect(server, JSON.stringify({ server, calls })).toMatchObject({
          name: `GET ${route}`,
          parentSpanId: "",
          isError: false,
        });
        expect(server.attributes).toMatchObject({
          "http.request.method": "GET",
          "http.route": route,
          "http.response.status_code": 200,
          "culprit.http.calls": 1,
        });
        // No middleware, and what the handler has called is in its own request.
        expect(calls).toHaveLength(1);
        expect(calls[0]).toMatchObject({ kind: 3, parentSpanId: server.spanId });
        expect(calls[0]?.attributes["url.full"]).toBe(`${things.url}/things/${i + 1}`);
      }
      const places = run.items
        .map(({ server: { attributes } }) => attributes)
        .filter((attributes) => "code.file.path" in attributes);
      expect(places).toEqual([
        expect.objectContaining({ ...run.callSite, "code.function.name": "readItem" }),
      ]);

      const { ordered } = run;
      expect(ordered?.server.name).toBe("POST /orders");
      expect(ordered?.server.attributes).toMatchObject({ "http.request.body.size": 14 });
      expect(ordered?.calls).toMatchObject([{ kind: 3, parentSpanId: ordered?.server.spanId }]);

      expect(run.failed.calls).toEqual([]);
      expect(run.failed.server).toMatchObject({
        name: "GET /fail",
        isError: true,
        events: [{ name: "exception", attributes: { "exception.type": "TypeError" } }],
      });
      expect(run.failed.server.attributes).toMatchObject({
        "http.route": "/fail",
        "http.response.status_code": 500,
        "error.type": "500",
      });
    });
  });
});
