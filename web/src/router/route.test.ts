import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRoute, type Route, toHref } from "./route.ts";

const text = fc.string({ unit: "grapheme", minLength: 1 });

const routes: fc.Arbitrary<Route> = fc.oneof(
  fc.record({
    page: fc.constant("findings" as const),
    services: fc.array(text),
    detectors: fc.array(text),
  }),
  fc.record({ page: fc.constant("finding" as const), id: text }),
  fc.constant({ page: "detectors" as const }),
  fc.record({ page: fc.constant("detector" as const), id: text }),
  fc.record({
    page: fc.constant("trace" as const),
    traceId: text,
    spanId: fc.option(text),
  }),
  fc.record({
    page: fc.constant("endpoints" as const),
    sort: fc.constantFrom("total" as const, "p95" as const, "name" as const),
  }),
  fc.record({
    page: fc.constant("endpoint" as const),
    service: text,
    environment: fc.string({ unit: "grapheme" }),
    method: fc.string(),
    route: text,
  }),
);

function parse(address: string): Route {
  const { pathname, search } = new URL(address, "http://127.0.0.1/");
  return parseRoute(pathname.slice(1), search);
}

describe("route", () => {
  test("what toHref writes, parseRoute reads back", () => {
    fc.assert(
      fc.property(routes, (route) => {
        // A path segment "." or ".." is resolved away by every browser; no id is one.
        fc.pre(!("id" in route && /^\.+$/.test(route.id)));
        fc.pre(!("traceId" in route && /^\.+$/.test(route.traceId)));
        expect(parse(toHref(route))).toEqual(route);
      }),
    );
  });

  test("an address that names no page is not found", () => {
    expect(parse("/nowhere").page).toBe("not-found");
    expect(parse("/findings").page).toBe("not-found");
    expect(parse("/findings/a/b").page).toBe("not-found");
    expect(parse("/endpoints/detail?service=shop").page).toBe("not-found");
    expect(parse("/endpoints/other").page).toBe("not-found");
  });

  test("an unknown sort order is the default one", () => {
    expect(parse("/endpoints?sort=colour")).toEqual({ page: "endpoints", sort: "total" });
  });

  test("a stray percent sign does not break the page", () => {
    expect(parseRoute("findings/50%", "")).toEqual({ page: "finding", id: "50%" });
  });
});
