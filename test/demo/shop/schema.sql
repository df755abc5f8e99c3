-- The shop's tables with their rows. The rows follow from their numbers, so every run sees the same ones.
-- UNLOGGED: they are made anew each time, and a log of a million rows would only take time.

CREATE UNLOGGED TABLE customers (
  id integer PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE
);
INSERT INTO customers
SELECT n, 'Customer ' || n, 'Customer' || n || '@example.com'
FROM generate_series(1, 2000) AS n;

CREATE UNLOGGED TABLE products (
  id integer PRIMARY KEY,
  name text NOT NULL,
  price_cents integer NOT NULL,
  description text NOT NULL
);
INSERT INTO products
SELECT n, 'Product ' || n, 100 + n * 37 % 20000, repeat('Well made and built to last. ', 10)
FROM generate_series(1, 5000) AS n;

CREATE UNLOGGED TABLE stock (
  product_id integer PRIMARY KEY REFERENCES products,
  available integer NOT NULL
);
INSERT INTO stock
SELECT id, 1000000
FROM products;

CREATE UNLOGGED TABLE wishlists (
  customer_id integer NOT NULL REFERENCES customers,
  product_id integer NOT NULL REFERENCES products,
  PRIMARY KEY (customer_id, product_id)
);
INSERT INTO wishlists
SELECT customer, 1 + (customer * 31 + slot * 397) % 5000
FROM generate_series(1, 2000) AS customer, generate_series(1, 12) AS slot;

CREATE UNLOGGED TABLE orders (
  id integer PRIMARY KEY,
  customer_id integer NOT NULL,
  status text NOT NULL,
  created_at timestamptz NOT NULL
);
INSERT INTO orders
SELECT n, 1 + n::bigint * 7919 % 2000, (ARRAY['paid', 'packed', 'shipped', 'returned'])[1 + n % 4],
  now() - (100000 - n) * interval '1 minute'
FROM generate_series(1, 100000) AS n;

CREATE UNLOGGED TABLE order_items (
  order_id integer NOT NULL,
  position integer NOT NULL,
  product_id integer NOT NULL,
  quantity integer NOT NULL,
  price_cents integer NOT NULL,
  PRIMARY KEY (order_id, position)
);
INSERT INTO order_items
SELECT n, position, 1 + (n::bigint * 104729 + position * 1361) % 5000, 1 + n % 3, 100 + n % 20000
FROM generate_series(1, 100000) AS n, generate_series(1, 3) AS position;

CREATE UNLOGGED TABLE tax_rates (
  country text PRIMARY KEY,
  percent integer NOT NULL
);
INSERT INTO tax_rates
VALUES ('AT', 20), ('DE', 19), ('FR', 20), ('NL', 21);

CREATE UNLOGGED TABLE cart_items (
  customer_id integer NOT NULL,
  product_id integer NOT NULL
);

-- Most reviews are by customers; one in fifty is by a guest who never wrote another.
CREATE UNLOGGED TABLE reviews (
  id integer PRIMARY KEY,
  product_id integer NOT NULL,
  customer_id integer,
  email text NOT NULL,
  stars integer NOT NULL
);
INSERT INTO reviews
SELECT n, 1 + n % 5000, customer, coalesce('Customer' || customer, 'Guest' || n) || '@example.com', 1 + n % 5
FROM (
  SELECT n, CASE WHEN n % 50 > 0 THEN 1 + n::bigint * 7919 % 2000 END AS customer
  FROM generate_series(1, 1000000) AS n
) AS numbered;
CREATE INDEX ON reviews (email);
CREATE INDEX ON reviews (customer_id, id);

VACUUM ANALYZE;
