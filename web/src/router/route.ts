/** Every view is a URL: `toHref` and `parseRoute` are each other's inverse. */
export type Route =
  | ({ readonly page: "findings" } & FindingsFilter)
  | { readonly page: "finding"; readonly id: string }
  | { readonly page: "trace"; readonly traceId: string; readonly spanId: string | null }
  | { readonly page: "endpoints"; readonly sort: EndpointSort }
  | ({ readonly page: "endpoint" } & EndpointKey)
  | { readonly page: "detectors" }
  | { readonly page: "detector"; readonly id: string }
  | { readonly page: "not-found" };

/** Empty: all. */
export interface FindingsFilter {
  readonly services: readonly string[];
  readonly detectors: readonly string[];
}

export interface EndpointKey {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
}

const ENDPOINT_SORTS = ["total", "requests", "errors", "p50", "p95", "name"] as const;
export type EndpointSort = (typeof ENDPOINT_SORTS)[number];

/** `path` starts after the page's base: "findings/4f…", "" for the home page. */
export function parseRoute(path: string, search: string): Route {
  const [page = "", ...rest] = path.split("/").map(decode);
  const query = new URLSearchParams(search);
  const [id = "", extra] = rest;
  if (page === "" && rest.length === 0) return findingsRoute(query);
  if (page === "findings" && id !== "" && rest.length === 1) return { page: "finding", id };
  if (page === "traces" && id !== "" && rest.length === 1) {
    return { page: "trace", traceId: id, spanId: query.get("span") };
  }
  if (page === "detectors" && rest.length === 0) return { page: "detectors" };
  if (page === "detectors" && id !== "" && rest.length === 1) return { page: "detector", id };
  if (page === "endpoints" && rest.length === 0) return { page: "endpoints", sort: sortOf(query) };
  if (page === "endpoints" && id === "detail" && extra === undefined) return endpointRoute(query);
  return { page: "not-found" };
}

/** Relative to the page's base. */
export function toHref(route: Route): string {
  switch (route.page) {
    case "findings":
      return withQuery("./", [
        ...route.services.map((service): Pair => ["service", service]),
        ...route.detectors.map((detector): Pair => ["detector", detector]),
      ]);
    case "finding":
      return `findings/${encodeURIComponent(route.id)}`;
    case "trace":
      return withQuery(
        `traces/${encodeURIComponent(route.traceId)}`,
        route.spanId === null ? [] : [["span", route.spanId]],
      );
    case "endpoints":
      return withQuery("endpoints", route.sort === "total" ? [] : [["sort", route.sort]]);
    case "endpoint":
      return withQuery("endpoints/detail", [
        ["service", route.service],
        ["environment", route.environment],
        ["method", route.method],
        ["route", route.route],
      ]);
    case "detectors":
      return "detectors";
    case "detector":
      return `detectors/${encodeURIComponent(route.id)}`;
    case "not-found":
      return "not-found";
  }
}

type Pair = [name: string, value: string];

function withQuery(path: string, pairs: Pair[]): string {
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`;
}

function findingsRoute(query: URLSearchParams): Route {
  return {
    page: "findings",
    services: query.getAll("service"),
    detectors: query.getAll("detector"),
  };
}

function endpointRoute(query: URLSearchParams): Route {
  const [service, environment, method, route] = [
    query.get("service"),
    query.get("environment") ?? "",
    query.get("method") ?? "",
    query.get("route"),
  ];
  if (service === null || route === null) return { page: "not-found" };
  return { page: "endpoint", service, environment, method, route };
}

function sortOf(query: URLSearchParams): EndpointSort {
  return ENDPOINT_SORTS.find((sort) => sort === query.get("sort")) ?? "total";
}

/** A stray "%" in a hand-typed address is itself. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
