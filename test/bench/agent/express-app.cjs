// What the bench's load is sent to: Express with middleware, PostgreSQL through a pool, and a call to another service.
const http = require("node:http");
const express = require("express");
const { Pool } = require("pg");

const [databaseUrl, upstream] = process.argv.slice(2);
const keepAlive = new http.Agent({ keepAlive: true, maxSockets: 64 });
const pool = new Pool({ connectionString: databaseUrl, max: 8 });

function readPrice(id) {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: Number(upstream),
      path: `/prices/${id}`,
      agent: keepAlive,
    };
    const request = http.request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve(JSON.parse(text)));
    });
    request.on("error", reject);
    request.end();
  });
}

const app = express();
app.disable("x-powered-by");
app.use(function requestId(request, _response, next) {
  request.id = "r";
  next();
});
app.use(function user(request, _response, next) {
  request.user = 1;
  next();
});
app.use(express.json({ limit: "100kb" }));

const api = express.Router();
api.get("/items/:id", async (request, response) => {
  const id = 1 + (Number(request.params.id) % 1000);
  const item = await pool.query("SELECT id, name, category_id, price FROM items WHERE id = $1", [
    id,
  ]);
  const category = await pool.query("SELECT id, title FROM categories WHERE id = $1", [
    item.rows[0].category_id,
  ]);
  const related = await pool.query(
    "SELECT id, name FROM items WHERE category_id = $1 ORDER BY id LIMIT 10",
    [item.rows[0].category_id],
  );
  const price = await readPrice(id);
  response.json({ item: item.rows[0], category: category.rows[0], related: related.rows, price });
});
api.get("/fifty", async (_request, response) => {
  const names = [];
  for (let id = 1; id <= 50; id += 1) {
    const { rows } = await pool.query("SELECT name FROM items WHERE id = $1", [id]);
    names.push(rows[0].name);
  }
  response.json(names);
});
api.post("/orders", (request, response) => {
  response.json({ lines: request.body.lines.length });
});
app.use("/api", api);

const server = app.listen(0, "127.0.0.1", () => {
  require("./answer-bench.cjs")(server.address().port);
});
