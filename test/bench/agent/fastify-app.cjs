// What the bench's load is sent to: Fastify, and Redis as a cache; one entry that is found, one that is made.
const fastify = require("fastify");
const Redis = require("ioredis");

const redis = new Redis(Number(process.argv[2]), "127.0.0.1");
const app = fastify();

app.get("/products/:id", async (request) => {
  const { id } = request.params;
  const found = await redis.get(`product:${id}`);
  const product = found === null ? { id, name: `product ${id}`, price: 3 * id } : JSON.parse(found);
  if (found === null) await redis.set(`product:${id}`, JSON.stringify(product), "EX", 600);
  const [views, stock] = await Promise.all([
    redis.incr(`views:${id}`),
    redis.mget(`stock:${id}:a`, `stock:${id}:b`),
  ]);
  return { ...product, views, stock };
});

app.listen({ port: 0, host: "127.0.0.1" }).then(() => {
  require("./answer-bench.cjs")(app.server.address().port);
});
