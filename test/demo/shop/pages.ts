import express from "express";
import { pageRoutes, pages, type WidgetName } from "../pages.ts";
import { createPool } from "./create-pool.ts";
import { serve } from "./serve.ts";

/**
 * Pages that are put together from widgets. Each widget is there twice: as one writes it who does not look, and as it
 * should be. Some take their time because the database is far away (`far_away`: most of what a query takes is the
 * way), some because there is work to do.
 */
interface Widget {
  faulty(n: number): Promise<unknown>;
  fixed(n: number): Promise<unknown>;
}

const app = express();
const pool = createPool(20);
const poolOfQuotes = createPool(5);

await createPool(1).query(`
  CREATE OR REPLACE FUNCTION far_away(ms double precision) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
    BEGIN PERFORM pg_sleep(ms / 1000 * (0.8 + 0.4 * random())); RETURN 1; END
  $$;
  CREATE OR REPLACE FUNCTION send_far_away() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM far_away(4); RETURN NULL; END
  $$;
  CREATE UNLOGGED TABLE IF NOT EXISTS baskets (customer_id integer NOT NULL, product_id integer NOT NULL);
  CREATE OR REPLACE TRIGGER baskets_are_far_away AFTER INSERT ON baskets
    FOR EACH STATEMENT EXECUTE FUNCTION send_far_away()`);

async function rowsOf<T extends object>(text: string, values: readonly unknown[] = []) {
  const { rows } = await pool.query<T>(text, [...values]);
  return rows;
}

interface Order {
  readonly id: number;
  readonly customer_id: number;
}

const ordersBefore = (n: number, limit: number) =>
  rowsOf<Order>("SELECT id, customer_id FROM orders WHERE id <= $1 ORDER BY id DESC LIMIT $2", [
    100_000 - ((n * 211) % 50_000),
    limit,
  ]);

const idsOf = (rows: readonly { readonly id: number }[]) => rows.map(({ id }) => id);
const customersOf = (orders: readonly Order[]) => orders.map((order) => order.customer_id);

async function forEachInTurn<T, R>(items: readonly T[], make: (item: T) => Promise<R>) {
  const made: R[] = [];
  for (const item of items) made.push(await make(item));
  return made;
}

/** The names of twelve orders' customers, from far away: a query for each. */
const names: Widget = {
  async faulty(n) {
    return forEachInTurn(await ordersBefore(n, 12), (order) =>
      rowsOf("SELECT c.id, c.name FROM customers AS c, far_away(4) WHERE c.id = $1", [
        order.customer_id,
      ]),
    );
  },
  async fixed(n) {
    return rowsOf("SELECT c.id, c.name FROM customers AS c, far_away(4) WHERE c.id = ANY($1)", [
      customersOf(await ordersBefore(n, 12)),
    ]);
  },
};

/** What is left of six to thirty products, from far away: their number differs from page to page. */
const stock: Widget = {
  async faulty(n) {
    return forEachInTurn(await ordersBefore(n, 6 + ((n * 7) % 25)), ({ id }) =>
      rowsOf("SELECT s.available FROM stock AS s, far_away(3) WHERE s.product_id = $1", [
        id % 5_000,
      ]),
    );
  },
  async fixed(n) {
    const orders = await ordersBefore(n, 6 + ((n * 7) % 25));
    return rowsOf("SELECT s.available FROM stock AS s, far_away(3) WHERE s.product_id = ANY($1)", [
      idsOf(orders).map((id) => id % 5_000),
    ]);
  },
};

const productOf = "SELECT p.id, p.name FROM products AS p, far_away(3) WHERE p.id";
const starsOf = "SELECT r.product_id, r.stars FROM reviews AS r, far_away(5) WHERE r.id";

/** Two queries for each of eight orders, from far away. */
const bundles: Widget = {
  async faulty(n) {
    return forEachInTurn(await ordersBefore(n, 8), async ({ id }) => [
      await rowsOf(`${productOf} = $1`, [1 + (id % 5_000)]),
      await rowsOf(`${starsOf} = $1`, [id]),
    ]);
  },
  async fixed(n) {
    const ids = idsOf(await ordersBefore(n, 8));
    return [
      await rowsOf(`${productOf} = ANY($1)`, [ids.map((id) => 1 + (id % 5_000))]),
      await rowsOf(`${starsOf} = ANY($1)`, [ids]),
    ];
  },
};

const rate = (n: number) =>
  rowsOf("SELECT t.percent FROM tax_rates AS t, far_away(5) WHERE t.country = $1", [
    ["AT", "DE", "FR", "NL"][n % 4],
  ]);

/** The tax rate of ten orders, from far away: it is the same for all. */
const rates: Widget = {
  async faulty(n) {
    return forEachInTurn(await ordersBefore(n, 10), () => rate(n));
  },
  async fixed(n) {
    await ordersBefore(n, 10);
    return rate(n);
  },
};

/** Ten products are put into the basket, which is far away: an insert for each. */
const cart: Widget = {
  async faulty(n) {
    return forEachInTurn(await ordersBefore(n, 10), (order) =>
      rowsOf("INSERT INTO baskets (customer_id, product_id) VALUES ($1, $2)", [
        order.customer_id,
        order.id,
      ]),
    );
  },
  async fixed(n) {
    const orders = await ordersBefore(n, 10);
    return rowsOf(
      "INSERT INTO baskets (customer_id, product_id) SELECT * FROM unnest($1::integer[], $2::integer[])",
      [customersOf(orders), idsOf(orders)],
    );
  },
};

const panelQueries = [
  "SELECT max(id) FROM orders, far_away(45)",
  "SELECT max(id) FROM products, far_away(30)",
  "SELECT max(id) FROM customers, far_away(35)",
] as const;

/** Three independent questions to somebody far away. */
const panels: Widget = {
  faulty: () => forEachInTurn(panelQueries, (text) => rowsOf(text)),
  fixed: () => Promise.all(panelQueries.map((text) => rowsOf(text))),
};

/** The prices of ten products, from far away: a query for each, all at once, on the few connections there are. */
const quotes: Widget = {
  async faulty(n) {
    return Promise.all(
      (await ordersBefore(n, 10)).map(({ id }) => quote("= $1", 1 + (id % 5_000))),
    );
  },
  async fixed(n) {
    return quote(
      "= ANY($1)",
      idsOf(await ordersBefore(n, 10)).map((id) => 1 + (id % 5_000)),
    );
  },
};

const quote = (comparison: string, id: number | readonly number[]) =>
  poolOfQuotes.query(
    `SELECT p.id, p.price_cents FROM products AS p, far_away(10) WHERE p.id ${comparison}`,
    [id],
  );

/** The items of thirty orders: a query for each. */
const items: Widget = {
  async faulty(n) {
    return forEachInTurn(await ordersBefore(n, 30), ({ id }) =>
      rowsOf("SELECT product_id, quantity FROM order_items WHERE order_id = $1", [id]),
    );
  },
  async fixed(n) {
    return rowsOf(
      "SELECT order_id, product_id, quantity FROM order_items WHERE order_id = ANY($1)",
      [idsOf(await ordersBefore(n, 30))],
    );
  },
};

const turnover = (n: number) =>
  rowsOf("SELECT sum(quantity * price_cents) FROM order_items WHERE order_id BETWEEN $1 AND $2", [
    1 + ((n * 211) % 50_000),
    4_000 + ((n * 211) % 50_000),
  ]);

/** The turnover of four thousand orders, added up again for each of eight lines. */
const taxes: Widget = {
  async faulty(n) {
    return forEachInTurn(await ordersBefore(n, 8), () => turnover(n));
  },
  async fixed(n) {
    await ordersBefore(n, 8);
    return turnover(n);
  },
};

const guest = (n: number) => `Guest${400_000 + 50 * (1 + ((n * 37) % 10_000))}@example.com`;

/** The newer reviews of a guest, by an address whose capitals don't matter: no index knows it like that. */
const finder: Widget = {
  faulty: (n) =>
    rowsOf("SELECT id, stars FROM reviews WHERE id > 200000 AND lower(email) = $1", [
      guest(n).toLowerCase(),
    ]),
  fixed: (n) =>
    rowsOf("SELECT id, stars FROM reviews WHERE id > 200000 AND email = $1", [guest(n)]),
};

/**
 * Together the two shorter ones take a tenth of a second where nothing else runs: with less, starting them at the same time would save
 * less than is worth telling, and no fault would be left on a fast machine. The longest is as long as both, so that two cores are enough.
 */
const sumQueries = [
  "SELECT product_id % 10, sum(quantity) FROM order_items GROUP BY 1",
  "SELECT stars, count(*) FROM reviews GROUP BY stars",
  "SELECT status, sum(quantity) FROM orders JOIN order_items ON order_id = id GROUP BY status",
] as const;

/** Three sums that have nothing to do with each other. */
const sums: Widget = {
  faulty: () => forEachInTurn(sumQueries, (text) => rowsOf(text)),
  fixed: () => Promise.all(sumQueries.map((text) => rowsOf(text))),
};

const widgets: Readonly<Record<WidgetName, Widget>> = {
  bundles,
  cart,
  finder,
  items,
  names,
  panels,
  quotes,
  rates,
  stock,
  sums,
  taxes,
};

for (const page of pages) {
  const routes = pageRoutes(page);
  for (const form of ["faulty", "fixed"] as const) {
    app.get(routes[form], async (request, response) => {
      const n = Number(request.params.n);
      const make = (name: WidgetName) => widgets[name][form](n);
      const made = page.isAtOnce
        ? await Promise.all(page.widgets.map(make))
        : await forEachInTurn(page.widgets, make);
      response.json(made.length);
    });
  }
}

serve(app);
