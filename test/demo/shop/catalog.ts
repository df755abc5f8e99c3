import express from "express";
import { createPool } from "./create-pool.ts";
import { serve } from "./serve.ts";

const app = express();
const pool = createPool(8);
/** As a function in a cloud has it, by default. */
const poolOfOne = createPool(1);

/** The whole catalog in one answer, some two megabytes. */
app.get("/products", async (_request, response) => {
  const { rows } = await pool.query("SELECT id, name, price_cents, description FROM products");
  response.json(rows);
});

/** A page of it. */
app.get("/products-by-page/:page", async (request, response) => {
  const { rows } = await pool.query(
    `SELECT id, name, price_cents, description FROM products
     WHERE id > $1::integer * 50 ORDER BY id LIMIT 50`,
    [request.params.page],
  );
  response.json(rows);
});

/** Several products by their ids, `?ids=1,2,3`. */
app.get("/products-by-id", async (request, response) => {
  const { rows } = await pool.query(
    "SELECT id, name, price_cents FROM products WHERE id = ANY($1::integer[])",
    [String(request.query.ids).split(",")],
  );
  response.json(rows);
});

app.get("/products/:id", async (request, response) => {
  const { rows } = await pool.query("SELECT id, name, price_cents FROM products WHERE id = $1", [
    request.params.id,
  ]);
  response.json(rows[0]);
});

app.get("/wishlists/:customer", async (request, response) => {
  const { rows } = await pool.query("SELECT product_id FROM wishlists WHERE customer_id = $1", [
    request.params.customer,
  ]);
  response.json(rows);
});

/**
 * The newest reviews of whoever has this address, whatever follows a plus in it. No index knows the addresses like
 * that: the table is read from its end until twenty are found, and to its beginning for a guest, who has written one.
 */
app.get("/reviews", async (request, response) => {
  const { rows } = await pool.query(
    `SELECT id, product_id, stars FROM reviews
     WHERE regexp_replace(lower(email), '^([^+@]*)[+]?[^@]*@', '\\1@') = $1 ORDER BY id DESC LIMIT 20`,
    [request.query.email],
  );
  response.json(rows);
});

/** Of a product, from the supplier's database, which is far away: `pg_sleep` stands for the way. */
const supplierQueries = [
  "SELECT available FROM stock, pg_sleep(0.03) WHERE product_id = $1",
  "SELECT name FROM products, pg_sleep(0.03) WHERE id = $1",
  "SELECT price_cents FROM products, pg_sleep(0.03) WHERE id = $1",
  "SELECT length(description) FROM products, pg_sleep(0.03) WHERE id = $1",
];

/** All at once, but for one connection they queue up. */
app.get("/supplier/:product", async (request, response) => {
  const ask = (text: string) => poolOfOne.query(text, [request.params.product]);
  const answers = await Promise.all(supplierQueries.map(ask));
  response.json(answers.map(({ rows }) => rows[0]));
});

/** With a connection for each. */
app.get("/supplier-roomy/:product", async (request, response) => {
  const ask = (text: string) => pool.query(text, [request.params.product]);
  const answers = await Promise.all(supplierQueries.map(ask));
  response.json(answers.map(({ rows }) => rows[0]));
});

/** The newest reviews of a customer; there is an index for that. */
app.get("/reviews-by-customer/:customer", async (request, response) => {
  const { rows } = await pool.query(
    `SELECT id, product_id, stars FROM reviews
     WHERE customer_id = $1 ORDER BY id DESC LIMIT 20`,
    [request.params.customer],
  );
  response.json(rows);
});

serve(app);
