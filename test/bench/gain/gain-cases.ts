import type { ServiceName } from "../../demo/faults.ts";
import { type Fault, faults, type Traffic } from "../../demo/faults.ts";
import { type Page, pageRoutes, pages } from "../../demo/pages.ts";

/** An endpoint with a fault, or with two, beside the same endpoint without. */
export interface GainCase {
  readonly name: string;
  /** delay: the fault waits; work: it keeps a processor busy. */
  readonly kind: "delay" | "work";
  readonly faults: 1 | 2;
  readonly service: ServiceName | typeof pagesService;
  readonly method: Traffic["method"];
  readonly faulty: Endpoint;
  readonly fixed: Endpoint;
  /** Requests a second at the two levels of load. */
  readonly perSecond: Readonly<Record<Level, number>>;
}

interface Endpoint {
  readonly route: string;
  /** The path of its nth request. */
  path(n: number): string;
}

export const pagesService = "shop-pages";
export const levels = ["low", "high"] as const;
export type Level = (typeof levels)[number];

/** Low: the machine idles most of the time. High: requests of the faulty endpoint meet each other. */
const delayed = { low: 12, high: 30 };
const worked = { low: 10, high: 15 };
const heavy = { low: 4, high: 8 };
/** Each takes a processor for an eighth to a fifth of a second. */
const scanned = { low: 2, high: 4 };
/** For a quarter of a second, and the fixed form takes two of them at once. */
const summed = { low: 1.5, high: 3 };

const ofShop: Readonly<Record<string, Pick<GainCase, "kind" | "perSecond">>> = {
  "/orders": { kind: "work", perSecond: worked },
  "/orders-at-once": { kind: "work", perSecond: worked },
  "/wishlists/:customer": { kind: "work", perSecond: worked },
  "/invoice-preview": { kind: "work", perSecond: worked },
  "/carts/:customer": { kind: "work", perSecond: worked },
  "/products": { kind: "work", perSecond: heavy },
  "/checkout/:product": { kind: "delay", perSecond: { low: 8.5, high: 9.3 } },
};

const workPages: Readonly<Record<string, GainCase["perSecond"]>> = {
  finder: scanned,
  items: worked,
  sums: summed,
  taxes: worked,
  "items-then-taxes": worked,
  "items-beside-taxes": worked,
  "names-then-finder": scanned,
};
/** Made by the shop's own endpoints, too. */
const inShopAlready: ReadonlySet<string> = new Set(["items", "taxes"]);

/** Sixteen faults, one at a time, then ten pairs. */
export const gainCases: readonly GainCase[] = [
  ...faults.flatMap(ofFault),
  ...pages.filter(({ name }) => !inShopAlready.has(name)).map(ofPage),
].sort((a, b) => a.faults - b.faults);

function ofFault({ service, faulty, healthy }: Fault): GainCase[] {
  const chosen = ofShop[faulty.route];
  if (!chosen) return [];
  const name = faulty.route.split("/")[1]!;
  return [{ name, faults: 1, service, method: faulty.method, faulty, fixed: healthy, ...chosen }];
}

function ofPage(page: Page): GainCase {
  const { faulty, fixed } = pageRoutes(page);
  const toEndpoint = (route: string): Endpoint => ({
    route,
    path: (n) => route.replace(":n", String(n)),
  });
  const load = workPages[page.name];
  return {
    name: page.name,
    kind: load ? "work" : "delay",
    faults: page.widgets.length === 1 ? 1 : 2,
    service: pagesService,
    method: "GET",
    faulty: toEndpoint(faulty),
    fixed: toEndpoint(fixed),
    perSecond: load ?? delayed,
  };
}
