import express from "express";
import { createPool } from "./create-pool.ts";
import { serve } from "./serve.ts";

interface Purchase {
  readonly customer_id: number;
  readonly product_id: number;
}

const app = express();
const { rows: purchases } = await createPool(1).query<Purchase>(
  `SELECT o.customer_id, i.product_id
   FROM orders AS o JOIN order_items AS i ON i.order_id = o.id
   WHERE o.id > 74000`,
);
const byCustomer = Map.groupBy(purchases, (purchase) => purchase.customer_id);
const byProduct = Map.groupBy(purchases, (purchase) => purchase.product_id);

function mostFrequent(products: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const product of products) counts.set(product, (counts.get(product) ?? 0) + 1);
  const ranked = [...counts].sort(([, a], [, b]) => b - a);
  return ranked.slice(0, 10).map(([product]) => product);
}

/** What those bought who bought the same: all purchases are gone through for each of them, which takes some 80 ms or more. */
app.get("/recommendations/:customer", (request, response) => {
  const customer = Number(request.params.customer);
  const mine = purchases.filter((purchase) => purchase.customer_id === customer);
  const alike = mine.flatMap(({ product_id }) =>
    purchases.filter((purchase) => purchase.product_id === product_id),
  );
  const theirs = alike.flatMap(({ customer_id }) =>
    purchases.filter((purchase) => purchase.customer_id === customer_id),
  );
  response.json(mostFrequent(theirs.map((purchase) => purchase.product_id)));
});

/** The same from two maps. */
app.get("/recommendations-by-map/:customer", (request, response) => {
  const mine = byCustomer.get(Number(request.params.customer)) ?? [];
  const alike = mine.flatMap(({ product_id }) => byProduct.get(product_id) ?? []);
  const theirs = alike.flatMap(({ customer_id }) => byCustomer.get(customer_id) ?? []);
  response.json(mostFrequent(theirs.map((purchase) => purchase.product_id)));
});

serve(app);
