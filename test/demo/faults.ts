/** A service of the shop; its `service.name` and its file: "shop-orders" is `shop/orders.ts`. */
export type ServiceName =
  | "shop-catalog"
  | "shop-checkout"
  | "shop-gateway"
  | "shop-invoices"
  | "shop-orders"
  | "shop-recommendations";

/** An endpoint with the requests that the demo sends to it. */
export interface Traffic {
  readonly method: "GET" | "POST";
  readonly route: string;
  /** The path of its nth request. */
  path(n: number): string;
  readonly perSecond: number;
}

/** What is wrong with an endpoint of the shop, beside an endpoint that does the same well. */
export interface Fault {
  readonly title: string;
  readonly service: ServiceName;
  /** Id of the detector whose finding `faulty` is; `healthy` gives none of any detector. */
  readonly detector: string;
  readonly faulty: Traffic;
  readonly healthy: Traffic;
}

const customer = (n: number) => 1 + ((n * 37) % 2_000);
const product = (n: number) => 1 + ((n * 613) % 5_000);
const invoice = (n: number) => `?order=${before(n)}&country=${["AT", "DE", "FR", "NL"][n % 4]}`;
const before = (n: number) => 100_000 - ((n * 211) % 50_000);
/** Seven reviewers in eight are customers, who have written hundreds; the eighth is a guest with one. */
const reviewer = (n: number) => (n % 8 === 0 ? `guest${50 * (1 + n)}` : `customer${customer(n)}`);

/**
 * Each fault of the shop, with the rates at which the demo asks: together they take about half a core. The last three
 * slow down their whole process, so their twins are asked less than fifty times a minute: too few to be judged slow.
 */
export const faults: readonly Fault[] = [
  {
    title: "one query per row, one after the other",
    service: "shop-orders",
    detector: "n-plus-one",
    faulty: get("/orders", (n) => `/orders?before=${before(n)}`, 4.5),
    healthy: get("/orders-joined", (n) => `/orders-joined?before=${before(n)}`, 4.5),
  },
  {
    title: "one query per row, all at once",
    service: "shop-orders",
    detector: "n-plus-one",
    faulty: get("/orders-at-once", (n) => `/orders-at-once?before=${before(n)}`, 4),
    healthy: get("/orders-batched", (n) => `/orders-batched?before=${before(n)}`, 4),
  },
  {
    title: "one HTTP call per row",
    service: "shop-gateway",
    detector: "n-plus-one",
    faulty: get("/wishlists/:customer", (n) => `/wishlists/${customer(n)}`, 4),
    healthy: get("/wishlists-batched/:customer", (n) => `/wishlists-batched/${customer(n)}`, 4),
  },
  {
    title: "the same question for each line",
    service: "shop-orders",
    detector: "duplicate-call",
    faulty: get("/invoice-preview", (n) => `/invoice-preview${invoice(n)}`, 2),
    healthy: get("/invoice-preview-once", (n) => `/invoice-preview-once${invoice(n)}`, 2),
  },
  {
    title: "one insert per row",
    service: "shop-orders",
    detector: "write-loop",
    faulty: post("/carts/:customer", (n) => `/carts/${customer(n)}`, 2),
    healthy: post("/carts-at-once/:customer", (n) => `/carts-at-once/${customer(n)}`, 2),
  },
  {
    title: "tries again at once",
    service: "shop-checkout",
    detector: "retry-storm",
    faulty: get("/shipping/:parcel", (n) => `/shipping/${n}`, 1),
    healthy: get("/shipping-patient/:parcel", (n) => `/shipping-patient/${n + 100_000}`, 1),
  },
  {
    title: "four questions, one connection",
    service: "shop-catalog",
    detector: "pool-wait",
    faulty: get("/supplier/:product", (n) => `/supplier/${product(n)}`, 2),
    healthy: get("/supplier-roomy/:product", (n) => `/supplier-roomy/${product(n)}`, 2),
  },
  {
    title: "a query without an index",
    service: "shop-catalog",
    detector: "slow-query",
    faulty: get("/reviews", (n) => `/reviews?email=${reviewer(n)}@example.com`, 1),
    healthy: get("/reviews-by-customer/:customer", (n) => `/reviews-by-customer/${customer(n)}`, 1),
  },
  {
    title: "independent calls, one after the other",
    service: "shop-orders",
    detector: "serial-calls",
    faulty: get("/dashboard", () => "/dashboard", 0.5),
    healthy: get("/dashboard-at-once", () => "/dashboard-at-once", 0.5),
  },
  {
    title: "an answer without a limit",
    service: "shop-catalog",
    detector: "oversized-response",
    faulty: get("/products", () => "/products", 0.5),
    healthy: get("/products-by-page/:page", (n) => `/products-by-page/${n % 100}`, 0.5),
  },
  {
    title: "a blocked event loop",
    service: "shop-invoices",
    detector: "event-loop-block",
    faulty: get("/statement", () => "/statement", 0.2),
    healthy: get("/statement-in-turns", () => "/statement-in-turns", 0.2),
  },
  {
    title: "needless computation",
    service: "shop-recommendations",
    detector: "event-loop-block",
    faulty: get("/recommendations/:customer", (n) => `/recommendations/${customer(n)}`, 1),
    healthy: get(
      "/recommendations-by-map/:customer",
      (n) => `/recommendations-by-map/${customer(n)}`,
      0.7,
    ),
  },
  {
    title: "a connection held while waiting for somebody else",
    service: "shop-checkout",
    detector: "transaction-across-call",
    faulty: post("/checkout/:product", (n) => `/checkout/${product(n)}`, 8),
    healthy: post("/checkout-short/:product", (n) => `/checkout-short/${product(n + 1_000)}`, 0.7),
  },
];

function get(route: string, path: Traffic["path"], perSecond: number): Traffic {
  return { method: "GET", route, path, perSecond };
}

function post(route: string, path: Traffic["path"], perSecond: number): Traffic {
  return { method: "POST", route, path, perSecond };
}
