import { setTimeout as delay } from "node:timers/promises";
import express from "express";
import { setting } from "./config.ts";
import { serve } from "./serve.ts";

interface WishlistEntry {
  readonly product_id: number;
}

const app = express();
const catalog = setting("CATALOG_URL");
const orders = setting("ORDERS_URL");

async function readJson<T>(response: Response): Promise<T> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return (await response.json()) as T;
}

/** A customer's wishlist: one call to the catalog for each product. */
app.get("/wishlists/:customer", async (request, response) => {
  const answer = await fetch(`${catalog}/wishlists/${request.params.customer}`);
  const products = [];
  for (const { product_id } of await readJson<WishlistEntry[]>(answer)) {
    const product = await fetch(`${catalog}/products/${product_id}`);
    products.push(await readJson(product));
  }
  response.json(products);
});

/** The same wishlist with one call for all products. */
app.get("/wishlists-batched/:customer", async (request, response) => {
  const answer = await fetch(`${catalog}/wishlists/${request.params.customer}`);
  const entries = await readJson<WishlistEntry[]>(answer);
  const ids = entries.map((entry) => entry.product_id);
  const products = await fetch(`${catalog}/products-by-id?ids=${ids}`);
  response.json(await readJson(products));
});

/** What a customer sees first; nothing is wrong with it. */
app.get("/home/:customer", async (request, response) => {
  const [recentOrders, reviews] = await Promise.all([
    fetch(`${orders}/orders-joined?before=100000`),
    fetch(`${catalog}/reviews-by-customer/${request.params.customer}`),
  ]);
  response.json({ orders: await readJson(recentOrders), reviews: await readJson(reviews) });
});

const carrierPauseMs = 50;
const askedAtMs = new Map<string, number>();

/** Stands for the carrier: busy at first, and for those who ask again within 50 ms. */
app.get("/carrier/:parcel", async (request, response) => {
  const { parcel } = request.params;
  const sinceMs = performance.now() - (askedAtMs.get(parcel) ?? Number.POSITIVE_INFINITY);
  askedAtMs.set(parcel, performance.now());
  setTimeout(() => askedAtMs.delete(parcel), 10_000).unref();
  await delay(5);
  if (sinceMs >= carrierPauseMs) response.json({ parcel, cents: 490 });
  else response.status(503).json({ error: "busy" });
});

/** Stands for the payment provider, which takes its time. */
app.post("/payments", async (_request, response) => {
  await delay(200);
  response.json({ status: "authorised" });
});

serve(app);
