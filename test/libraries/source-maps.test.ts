import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { rolldown } from "rolldown";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { startTracedApp } from "../support/traced-app.ts";
import { installLibraries } from "./install-libraries.ts";

let postgres: Postgres;
let sink: OtlpSink;
let folder: string;

beforeAll(async () => {
  let apps: string;
  [apps, postgres, sink] = await Promise.all([
    installLibraries("newest"),
    startPostgres(),
    startOtlpSink(),
  ]);
  const client = new Client(postgres.url());
  await client.connect();
  await client.query("CREATE TABLE items AS SELECT id FROM generate_series(1, 9) AS id");
  await client.end();
  folder = join(apps, "typescript");
  await mkdir(join(folder, "src"), { recursive: true });
  await writeFile(join(folder, "src/main.ts"), source);
  const library = join(folder, "node_modules/small-orm");
  await mkdir(library, { recursive: true });
  await writeFile(join(library, "package.json"), '{"name":"small-orm","main":"index.js"}');
  await writeFile(join(library, "index.js"), smallOrm);
});

afterAll(async () => {
  await Promise.all([postgres?.stop(), sink?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** What is no JavaScript moves every line. */
const source = `
import { createServer } from "node:http";
import { trace } from "@opentelemetry/api";
import { DataTypes, Op, Sequelize } from "sequelize";
import { Table } from "small-orm";

interface Filter { readonly upTo: number }
type Items = readonly { readonly id: number }[];

const url: string = process.env.SERVER_URL!;
const database = new Sequelize(url, { logging: false, pool: { max: 2 } });
const columns = { id: { type: DataTypes.INTEGER, primaryKey: true } };
const Item = database.define("items", columns, { timestamps: false });
const table = new Table(url, "items");

class Store {
  readonly #max: number;
  constructor(max: number) { this.#max = max; }

  async listByOrm({ upTo }: Filter): Promise<Items> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const where = { id: { [Op.lte]: upTo } };
    return await Item.findAll({ where, limit: this.#max }) as never; // the ORM's call
  }

  async listByTable(_: Filter): Promise<Items> {
    return await table.list(); // the small ORM's call
  }
}

const store = new Store(3);
const server = createServer(async (request, response) => {
  const filter: Filter = { upTo: 5 };
  if (request.url === "/fail") {
    trace.getActiveSpan()?.recordException(new Error("no")); // the error
  }
  const isOrm = request.url === "/orm";
  const items = isOrm ? await store.listByOrm(filter) : await store.listByTable(filter);
  response.end(JSON.stringify(items.length));
});
await_(server);

function await_(it: typeof server): void {
  it.listen(0, "127.0.0.1", () => {
    const { port } = it.address() as { port: number };
    process.stdout.write("listening on " + port + "\\n");
  });
}
`;

const smallOrm = `
const { Pool } = require("pg");
class Table {
  constructor(connectionString, name) {
    this.pool = new Pool({ connectionString, max: 2 });
    this.name = name;
  }
  async list() {
    const { rows } = await this.pool.query("SELECT * FROM " + this.name);
    return rows;
  }
}
exports.Table = Table;
`;

const lineOf = (text: string) => source.split("\n").findIndex((line) => line.includes(text)) + 1;

async function compile(name: string, options: ts.CompilerOptions): Promise<string> {
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    fileName: "main.ts",
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2017,
      sourceRoot: "../src",
      ...options,
    },
  });
  await mkdir(join(folder, "dist"), { recursive: true });
  const file = join(folder, "dist", name);
  await writeFile(file, outputText.replace("main.js.map", `${name}.map`));
  if (sourceMapText !== undefined) await writeFile(`${file}.map`, sourceMapText);
  return file;
}

async function bundle(name: string, minify: boolean): Promise<string> {
  const file = join(folder, "dist", name);
  const made = await rolldown({
    input: join(folder, "src/main.ts"),
    platform: "node",
    external: ["sequelize", "pg", "@opentelemetry/api"],
  });
  await made.write({ file, format: "cjs", sourcemap: true, minify });
  await made.close();
  return file;
}

const outputs: Record<string, () => Promise<string>> = {
  "tsc, with a map beside it": () => compile("beside.js", { sourceMap: true }),
  "tsc, with a map within it": () =>
    compile("inline.js", { inlineSourceMap: true, inlineSources: true }),
  "rolldown, with a package in the bundle": () => bundle("bundle.cjs", false),
  "rolldown, minified": () => bundle("minified.cjs", true),
};

describe.each(Object.keys(outputs))("an app compiled by %s", (output) => {
  it.each([
    ["/orm", "// the ORM's call", "listByOrm"],
    ["/table", "// the small ORM's call", "listByTable"],
  ])("tells the line of its source that ran a query: %s", async (path, text, name) => {
    const [query] = await queriesOf(await outputs[output]!(), path);
    expect(query?.attributes).toMatchObject({
      "code.file.path": join(folder, "src/main.ts"),
      "code.line.number": lineOf(text),
    });
    if (!output.includes("minified")) {
      expect(query?.attributes["code.function.name"]).toContain(name);
    }
  });

  it("tells the line of its source that threw", async () => {
    const spans = await spansOf(await outputs[output]!(), "/fail");
    const server = spans.find(({ kind }) => kind === 2);
    const stack = String(server?.events[0]?.attributes["exception.stacktrace"]);
    expect(stack).toContain(`${join(folder, "src/main.ts")}:${lineOf("// the error")}:`);
    expect(stack).not.toContain(join(folder, "dist"));
  });
});

it("tells the line of a call in an async function that was compiled to a generator", async () => {
  const file = await compile("old.js", { sourceMap: true, target: ts.ScriptTarget.ES2015 });
  const [query] = await queriesOf(file, "/table");
  expect(query?.attributes).toMatchObject({
    "code.file.path": join(folder, "src/main.ts"),
    "code.line.number": lineOf("// the small ORM's call"),
  });
});

async function queriesOf(file: string, path: string): Promise<DecodedSpan[]> {
  const isQuery = ({ attributes }: DecodedSpan) =>
    /items/.test(String(attributes["db.query.text"]));
  return (await spansOf(file, path)).filter(isQuery);
}

async function spansOf(file: string, path: string): Promise<DecodedSpan[]> {
  const before = sink.spans.length;
  const app = await startTracedApp(file, {
    collectorUrl: sink.url,
    cwd: folder,
    env: { SERVER_URL: postgres.url(), CULPRIT_EVENT_LOOP_BLOCK_MS: "0" },
  });
  try {
    await app.get(path);
    const isServer = ({ kind }: DecodedSpan) => kind === 2;
    await sink.waitFor((spans) => spans.slice(before).some(isServer));
    return sink.spans.slice(before);
  } finally {
    await app.stop();
  }
}
