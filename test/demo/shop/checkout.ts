import { setTimeout as delay } from "node:timers/promises";
import express from "express";
import type pg from "pg";
import { setting } from "./config.ts";
import { createPool } from "./create-pool.ts";
import { serve } from "./serve.ts";

const app = express();
const payments = setting("PAYMENTS_URL");
const carrier = setting("CARRIER_URL");
/** One each, so that the second way of buying does not suffer from the first. */
const pool = createPool(2);
const poolOfShort = createPool(2);

async function pay(product: string): Promise<void> {
  const { ok, status } = await fetch(`${payments}/payments?product=${product}`, { method: "POST" });
  if (!ok) throw new Error(`the payment of product ${product} was answered with ${status}`);
}

/** Takes the product out of the stock, in a transaction that does something else in its middle. */
async function takeOne(from: pg.Pool, product: string, meanwhile?: () => Promise<void>) {
  const connection = await from.connect();
  try {
    await connection.query("BEGIN");
    await connection.query("SELECT available FROM stock WHERE product_id = $1 FOR UPDATE", [
      product,
    ]);
    await meanwhile?.();
    await connection.query("UPDATE stock SET available = available - 1 WHERE product_id = $1", [
      product,
    ]);
    await connection.query("COMMIT");
  } catch (error) {
    await connection.query("ROLLBACK");
    throw error;
  } finally {
    connection.release();
  }
}

/** Waits for the payment in the middle of a transaction; the others wait for the connection. */
app.post("/checkout/:product", async (request, response) => {
  const { product } = request.params;
  await takeOne(pool, product, () => pay(product));
  response.json({ bought: product });
});

/** Pays first, and needs a connection for the statements only. */
app.post("/checkout-short/:product", async (request, response) => {
  const { product } = request.params;
  await pay(product);
  await takeOne(poolOfShort, product);
  response.json({ bought: product });
});

const triesMax = 6;

/** What sending a parcel costs; the carrier refuses those who ask again too soon. */
async function askCarrier(parcel: string, pauseMs: number): Promise<unknown> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    if (tries > 0) await delay(pauseMs * 2 ** tries);
    const answer = await fetch(`${carrier}/carrier/${parcel}`);
    if (answer.ok) return answer.json();
    await answer.arrayBuffer();
  }
  return { parcel, cents: null };
}

/** Tries again at once, and is refused again. */
app.get("/shipping/:parcel", async (request, response) => {
  response.json(await askCarrier(request.params.parcel, 0));
});

/** Waits longer before each try. */
app.get("/shipping-patient/:parcel", async (request, response) => {
  response.json(await askCarrier(request.params.parcel, 30));
});

serve(app);
