import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { frameworks } from "./frameworks.ts";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

let things: ThingsServer;

beforeAll(async () => {
  things = await startThingsServer();
});

afterAll(() => things.stop());

describe.each(frameworks)("%s", (_name, library, route, settings) => {
  describe.each(librarySets)("%s", (set) => {
    it.each(moduleSystems)("names the route of each request, as %s", async (modules) => {
      const env = { SERVER_URL: things.url, ...settings };
      const run = await runLibrary({ library, set, modules, env, isFramework: true });
      for (const [i, { server, calls }] of run.items.entries()) {
        expect(server).toMatchObject({ name: `GET ${route}`, parentSpanId: "", isError: false });
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
