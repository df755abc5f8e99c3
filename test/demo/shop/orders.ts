import express from "express";
import { createPool } from "./create-pool.ts";
import { serve } from "./serve.ts";

const app = express();
const pool = createPool(10);

const listOrders =
  "SELECT id, customer_id, status, created_at FROM orders WHERE id <= $1 ORDER BY id DESC LIMIT 20";

/** The twenty orders up to `?before=`, each with its items: one query for each order. */
app.get("/orders", async (request, response) => {
  const { rows: orders } = await pool.query(listOrders, [request.query.before]);
  for (const order of orders) {
    const items = await pool.query(
      "SELECT product_id, quantity, price_cents FROM order_items WHERE order_id = $1",
      [order.id],
    );
    order.items = items.rows;
  }
  response.json(orders);
});

/** The same list in one query. */
app.get("/orders-joined", async (request, response) => {
  const { rows: orders } = await pool.query(
    `SELECT o.id, o.customer_id, o.status, o.created_at, json_agg(i ORDER BY i.position) AS items
     FROM (${listOrders}) AS o
     JOIN order_items AS i ON i.order_id = o.id
     GROUP BY o.id, o.customer_id, o.status, o.created_at
     ORDER BY o.id DESC`,
    [request.query.before],
  );
  response.json(orders);
});

/** The list with the customers' names: one query for each order, all at once. */
app.get("/orders-at-once", async (request, response) => {
  const { rows: orders } = await pool.query(listOrders, [request.query.before]);
  await Promise.all(
    orders.map(async (order) => {
      const customers = await pool.query("SELECT name FROM customers WHERE id = $1", [
        order.customer_id,
      ]);
      order.customer = customers.rows[0];
    }),
  );
  response.json(orders);
});

/** The same list with one query for all names. */
app.get("/orders-batched", async (request, response) => {
  const { rows: orders } = await pool.query(listOrders, [request.query.before]);
  const { rows: customers } = await pool.query(
    "SELECT id, name FROM customers WHERE id = ANY($1::integer[])",
    [orders.map((order) => order.customer_id)],
  );
  const customerById = new Map(customers.map((customer) => [customer.id, customer]));
  for (const order of orders) order.customer = customerById.get(order.customer_id);
  response.json(orders);
});

const linesOfInvoice = `
  SELECT order_id, position, quantity, price_cents FROM order_items
  WHERE order_id > $1::integer - 4 AND order_id <= $1::integer
  ORDER BY order_id, position`;
const taxRate = "SELECT percent FROM tax_rates WHERE country = $1";

/** An invoice over the four orders up to `?order=`: the same tax rate is asked for each line. */
app.get("/invoice-preview", async (request, response) => {
  const { order, country } = request.query;
  const { rows: lines } = await pool.query(linesOfInvoice, [order]);
  for (const line of lines) {
    const { rows: rates } = await pool.query(taxRate, [country]);
    line.tax_cents = (line.quantity * line.price_cents * rates[0].percent) / 100;
  }
  response.json(lines);
});

/** The same invoice, whose tax rate is asked once. */
app.get("/invoice-preview-once", async (request, response) => {
  const { order, country } = request.query;
  const { rows: lines } = await pool.query(linesOfInvoice, [order]);
  const { rows: rates } = await pool.query(taxRate, [country]);
  for (const line of lines) {
    line.tax_cents = (line.quantity * line.price_cents * rates[0].percent) / 100;
  }
  response.json(lines);
});

const wishlist = "SELECT product_id FROM wishlists WHERE customer_id = $1";

/** Puts a customer's wishlist into the cart: one insert for each product. */
app.post("/carts/:customer", async (request, response) => {
  const { customer } = request.params;
  const { rows: wishes } = await pool.query(wishlist, [customer]);
  for (const { product_id } of wishes) {
    await pool.query("INSERT INTO cart_items (customer_id, product_id) VALUES ($1, $2)", [
      customer,
      product_id,
    ]);
  }
  response.json({ added: wishes.length });
});

/** The same with one insert. */
app.post("/carts-at-once/:customer", async (request, response) => {
  const { customer } = request.params;
  const { rows: wishes } = await pool.query(wishlist, [customer]);
  await pool.query(
    `INSERT INTO cart_items (customer_id, product_id)
     SELECT $1, product_id FROM unnest($2::integer[]) AS product_id`,
    [customer, wishes.map(({ product_id }) => product_id)],
  );
  response.json({ added: wishes.length });
});

/**
 * Each takes what a disk takes that is not this machine's memory: four queries that compute would gain nothing from
 * being run at once on two cores.
 */
const salesByDay = `
  SELECT o.created_at::date AS day, sum(i.quantity * i.price_cents) AS cents
  FROM pg_sleep(0.03), orders AS o JOIN order_items AS i ON i.order_id = o.id
  WHERE o.id > 97000
  GROUP BY day ORDER BY day`;
const bestSellers = `
  SELECT product_id, sum(quantity) AS sold
  FROM pg_sleep(0.03), order_items
  WHERE order_id > 97000
  GROUP BY product_id ORDER BY sold DESC LIMIT 10`;
const ordersByStatus = `
  SELECT created_at::date AS day, status, count(*)
  FROM pg_sleep(0.03), orders
  WHERE id > 97000
  GROUP BY day, status ORDER BY day, status`;
const bestCustomers = `
  SELECT o.customer_id, sum(i.quantity * i.price_cents) AS cents
  FROM pg_sleep(0.03), orders AS o JOIN order_items AS i ON i.order_id = o.id
  WHERE o.status = 'shipped' AND o.id > 97000
  GROUP BY o.customer_id ORDER BY cents DESC LIMIT 10`;

/** Four questions that have nothing to do with each other, asked one after the other. */
app.get("/dashboard", async (_request, response) => {
  const sales = await pool.query(salesByDay);
  const products = await pool.query(bestSellers);
  const statuses = await pool.query(ordersByStatus);
  const customers = await pool.query(bestCustomers);
  response.json([sales.rows, products.rows, statuses.rows, customers.rows]);
});

/** The same four at the same time. */
app.get("/dashboard-at-once", async (_request, response) => {
  const [sales, products, statuses, customers] = await Promise.all([
    pool.query(salesByDay),
    pool.query(bestSellers),
    pool.query(ordersByStatus),
    pool.query(bestCustomers),
  ]);
  response.json([sales.rows, products.rows, statuses.rows, customers.rows]);
});

serve(app);
