/**
 * The system whose traces the benches send: twelve services of a shop, what they serve, whom they call, and how they
 * use their databases. Made up; the mix of attributes is that of OpenTelemetry's Node instrumentations.
 */
export interface Service {
  readonly name: string;
  readonly routes: readonly (readonly [method: string, route: string])[];
  readonly calls: readonly string[];
  readonly database?: "postgresql" | "redis" | "kafka";
  readonly statements?: readonly Statement[];
}

export interface Statement {
  readonly operation: string;
  readonly collection: string;
  /** `?` is replaced by a number: a statement with a literal in it. */
  readonly text: string;
}

const select = (collection: string, text: string): Statement => ({
  operation: "SELECT",
  collection,
  text,
});
const update = (collection: string, text: string): Statement => ({
  operation: "UPDATE",
  collection,
  text,
});
const insert = (collection: string, text: string): Statement => ({
  operation: "INSERT",
  collection,
  text,
});

export const services: readonly Service[] = [
  {
    name: "storefront",
    routes: [
      ["GET", "/"],
      ["GET", "/products/:id"],
      ["GET", "/basket"],
      ["POST", "/checkout"],
      ["GET", "/search"],
    ],
    calls: ["gateway"],
  },
  {
    name: "gateway",
    routes: [
      ["GET", "/api/products/:id"],
      ["GET", "/api/products"],
      ["POST", "/api/baskets/:basketId/items"],
      ["GET", "/api/baskets/:basketId"],
      ["POST", "/api/orders"],
      ["GET", "/api/customers/:customerId"],
      ["GET", "/api/search"],
      ["GET", "/api/suggestions/:customerId"],
    ],
    calls: ["orders", "baskets", "catalog", "customers", "search", "suggestions"],
    database: "redis",
  },
  {
    name: "orders",
    routes: [
      ["POST", "/orders"],
      ["GET", "/orders/:id"],
      ["POST", "/orders/:id/confirm"],
    ],
    calls: ["baskets", "payments", "stock", "shipping", "mail"],
    database: "postgresql",
    statements: [
      select(
        "orders",
        'SELECT "id", "customer_id", "state", "total", "currency", "placed_at" FROM "orders" WHERE "id" = $1',
      ),
      insert(
        "orders",
        'INSERT INTO "orders" ("id", "customer_id", "state", "total", "currency") VALUES ($1, $2, $3, $4, $5) RETURNING "id"',
      ),
      select(
        "order_lines",
        "SELECT l.id, l.sku, l.quantity, l.price FROM order_lines l WHERE l.order_id = ?",
      ),
    ],
  },
  {
    name: "baskets",
    routes: [
      ["GET", "/baskets/:basketId"],
      ["POST", "/baskets/:basketId/items"],
      ["DELETE", "/baskets/:basketId/items/:id"],
    ],
    calls: ["catalog", "stock"],
    database: "redis",
  },
  {
    name: "payments",
    routes: [
      ["POST", "/charges"],
      ["GET", "/charges/:id"],
      ["POST", "/refunds"],
    ],
    calls: ["customers"],
    database: "postgresql",
    statements: [
      insert(
        "charges",
        'INSERT INTO "charges" ("id", "order_id", "amount", "reference", "state") VALUES ($1, $2, $3, $4, $5)',
      ),
      select(
        "charges",
        'SELECT * FROM "charges" WHERE "order_id" = $1 AND "state" IN ($2, $3) ORDER BY "created_at" DESC',
      ),
      update("charges", 'UPDATE "charges" SET "state" = $1, "updated_at" = now() WHERE "id" = $2'),
    ],
  },
  {
    name: "catalog",
    routes: [
      ["GET", "/products/:id"],
      ["GET", "/products"],
      ["GET", "/categories/:slug/products"],
    ],
    calls: ["stock"],
    database: "postgresql",
    statements: [
      select(
        "products",
        "SELECT p.id, p.name, p.description, p.price, p.currency, c.slug AS category FROM products p JOIN categories c ON c.id = p.category_id WHERE p.id = $1",
      ),
      select("products", "SELECT id, name, price FROM products WHERE id = ?"),
      select("categories", 'SELECT "id", "slug", "title" FROM "categories" WHERE "slug" = $1'),
      select(
        "product_images",
        "SELECT url, width, height FROM product_images WHERE product_id = ? ORDER BY position",
      ),
    ],
  },
  {
    name: "stock",
    routes: [
      ["GET", "/stock/:sku"],
      ["POST", "/reservations"],
    ],
    calls: [],
    database: "postgresql",
    statements: [
      select("stock", "SELECT sku, quantity, warehouse FROM stock WHERE sku = 'SKU-?'"),
      update(
        "stock",
        "UPDATE stock SET quantity = quantity - $1 WHERE sku = $2 AND quantity >= $1",
      ),
    ],
  },
  {
    name: "customers",
    routes: [
      ["GET", "/customers/:customerId"],
      ["PUT", "/customers/:customerId"],
      ["POST", "/sessions"],
    ],
    calls: [],
    database: "postgresql",
    statements: [
      select(
        "customers",
        'SELECT "id", "email", "name", "locale", "created_at" FROM "customers" WHERE "id" = $1',
      ),
      select("addresses", 'SELECT * FROM "addresses" WHERE "customer_id" = $1'),
      update("customers", 'UPDATE "customers" SET "seen_at" = $1 WHERE "id" = $2'),
    ],
  },
  {
    name: "search",
    routes: [
      ["GET", "/search"],
      ["GET", "/completions"],
    ],
    calls: ["catalog"],
    database: "postgresql",
    statements: [
      select(
        "documents",
        "SELECT id, ts_rank(words, plainto_tsquery($1)) AS rank FROM documents WHERE words @@ plainto_tsquery($1) ORDER BY rank DESC LIMIT 50",
      ),
    ],
  },
  {
    name: "suggestions",
    routes: [
      ["GET", "/suggestions/:customerId"],
      ["GET", "/similar/:id"],
    ],
    calls: ["catalog", "customers"],
    database: "redis",
  },
  {
    name: "mail",
    routes: [
      ["POST", "/messages"],
      ["GET", "/preferences/:customerId"],
    ],
    calls: ["customers"],
    database: "kafka",
  },
  {
    name: "shipping",
    routes: [
      ["POST", "/quotes"],
      ["GET", "/shipments/:id"],
    ],
    calls: [],
    database: "postgresql",
    statements: [
      select(
        "rates",
        "SELECT carrier, product, price FROM rates WHERE country = $1 AND weight <= $2 ORDER BY price",
      ),
      insert(
        "shipments",
        "INSERT INTO shipments (id, order_id, carrier, label) VALUES ($1, $2, $3, $4)",
      ),
    ],
  },
];

export const instancesPerService = 3;

export type AttributeValue = string | number | boolean;
export type Attribute = readonly [key: string, value: AttributeValue];

/** What the SDK says of each process: sixteen attributes. Process p is instance p % 3 of service p / 3. */
export const resources: readonly (readonly Attribute[])[] = services.flatMap(({ name }, i) =>
  Array.from({ length: instancesPerService }, (_, k): readonly Attribute[] => {
    const pod = `${name}-6c9d7f5b48-${(i * 7_919 + k * 104_729).toString(36)}x${k}`;
    return [
      ["service.name", name],
      ["service.version", `1.${i}.${k === 2 ? 4 : 3}`],
      ["service.namespace", "shop"],
      ["service.instance.id", pod],
      ["deployment.environment.name", "production"],
      ["host.name", `ip-10-0-${i}-${k + 10}.internal`],
      ["k8s.pod.name", pod],
      ["k8s.namespace.name", "shop"],
      ["k8s.node.name", `node-${(i + k) % 5}`],
      ["cloud.region", "eu-central-1"],
      ["process.pid", 1 + i * 3 + k],
      ["process.runtime.name", "nodejs"],
      ["process.runtime.version", "24.21.0"],
      ["telemetry.sdk.name", "opentelemetry"],
      ["telemetry.sdk.language", "nodejs"],
      ["telemetry.sdk.version", "2.2.0"],
    ];
  }),
);

export const scopes = [
  ["@opentelemetry/instrumentation-http", "0.208.0"],
  ["@opentelemetry/instrumentation-pg", "0.61.0"],
  ["@opentelemetry/instrumentation-ioredis", "0.56.0"],
  ["@opentelemetry/instrumentation-kafkajs", "0.18.0"],
  ["shop", "1.0.0"],
] as const;

export const functions = [
  "validateRequest",
  "serializeResponse",
  "applyPricing",
  "loadFlags",
  "buildView",
  "authorize",
  "middleware - expressInit",
  "router - /v1",
];
