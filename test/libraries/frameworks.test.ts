import { describe, expect, it } from "vitest";
import { librarySets, moduleSystems, runLibrary } from "./run-library.ts";

/** How a framework writes the pattern of a route. */
const frameworks = [["express", "/items/:id"]] as const;

describe.each(frameworks)("%s", (library, route) => {
  describe.each(librarySets)("%s", (set) => {
    it.each(moduleSystems)("names the route of each request, as %s", async (modules) => {
      const { items, failed } = await runLibrary({ library, set, modules });
      for (const { server, calls } of items) {
        expect(server).toMatchObject({ name: `GET ${route}`, parentSpanId: "", isError: false });
        expect(server.attributes).toMatchObject({
          "http.request.method": "GET",
          "http.route": route,
          "http.response.status_code": 200,
        });
        expect(calls).toEqual([]);
      }
      expect(failed.server).toMatchObject({ name: "GET /fail", isError: true });
      expect(failed.server.attributes).toMatchObject({
        "http.route": "/fail",
        "http.response.status_code": 500,
        "error.type": "500",
      });
    });
  });
});
