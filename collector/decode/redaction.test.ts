import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactionOf, redactText, redactUrls } from "./redaction.ts";
import { decode } from "./testing/decode-model.ts";
import {
  attribute,
  type OtlpAttribute,
  type OtlpRequest,
  requestOf,
} from "./testing/otlp-model.ts";

/** Found nowhere else in a block. */
const secret = fc.stringMatching(/^zq[0-9]{4}[a-z]{4}$/);
const number = fc.integer({ min: 1_000_000, max: 2 ** 31 - 1 }).map(String);

const url = fc.tuple(
  fc.constantFrom(
    (hidden: string) => `https://user:${hidden}@shop.example/a`,
    (hidden: string) => `https://${hidden}@shop.example:8080/a`,
    (hidden: string) => `https://shop.example/a?token=${hidden}&b=1`,
    (hidden: string) => `postgresql://u:${hidden}@db1:5432/shop?sslpassword=${hidden}`,
    (hidden: string) => `/a?${hidden}`,
    (hidden: string) => `/a?b=1&token=x=${hidden}`,
    (hidden: string) => `/a;jsessionid=${hidden}/b`,
    (hidden: string) => `/a#access_token=${hidden}`,
  ),
  secret,
);
const urlKey = fc.constantFrom(
  "url.full",
  "url.original",
  "url.path",
  "http.url",
  "http.target",
  "http.referer",
  "http.response.header.location",
  "aws.queue.url",
  "callback_uri",
);

type ToStatement = (hidden: string) => string;
/** Statements by the systems that read them, with what they hide. */
const statement = fc.oneof(
  ...(
    [
      [
        ["postgresql", "mysql", "oracle.db", "unheard-of"],
        secret,
        [
          (hidden) => `SELECT a FROM t WHERE b = '${hidden}'`,
          (hidden) => `select a from t where b in (1, '${hidden}') -- ${hidden}`,
          (hidden) => `INSERT INTO t VALUES ('it''s ${hidden}')`,
        ],
      ],
      [
        ["postgresql", "mysql", "oracle.db", "unheard-of"],
        number,
        [
          (hidden) => `SELECT a FROM t WHERE b = ${hidden}`,
          (hidden) => `DELETE FROM t WHERE b > ${hidden}.5e3`,
          (hidden) => `select a from t where b in (1,${hidden})`,
        ],
      ],
      [["mongodb"], secret, [(hidden) => `{"find": "t", "filter": {"b": "${hidden}"}}`]],
      [["redis"], secret, [(hidden) => `SET cart:${hidden} "${hidden}"`]],
    ] satisfies [string[], fc.Arbitrary<string>, ToStatement[]][]
  ).map(([systems, hidden, statements]) =>
    fc.record({
      system: fc.constantFrom(...systems),
      toText: fc.constantFrom<ToStatement[]>(...statements),
      hidden,
    }),
  ),
);
const sql = fc.tuple(
  fc.constantFrom(
    (hidden: string) => `SELECT a FROM t WHERE b = '${hidden}'`,
    (hidden: string) => `insert into t values (1, '${hidden}')`,
    (hidden: string) => `select f('${hidden}')`,
  ),
  secret,
);
const statementKey = fc.constantFrom("db.query.text", "db.statement");

/** Where an attribute of a trace may stand. */
const places: readonly ((list: readonly OtlpAttribute[]) => OtlpRequest)[] = [
  (attributes) => requestOf({ attributes }),
  (attributes) => requestOf({ attributes, kind: 2 }),
  (attributes) => requestOf({ events: [{ timeUnixNano: "1", name: "e", attributes }] }),
  (attributes) =>
    requestOf({
      links: [{ traceId: "01".repeat(16), spanId: "02".repeat(8), traceState: "", attributes }],
    }),
  (attributes) => requestOf({}, [attribute("service.name", "shop"), ...attributes]),
];
const place = fc.constantFrom(...places);

function stored(request: OtlpRequest): string {
  const { block, rows } = decode(request);
  expect(rows).toBe(1);
  return Buffer.from(block).toString("latin1");
}

const check = <Values extends [unknown, ...unknown[]]>(property: fc.IPropertyWithHooks<Values>) =>
  fc.assert(property, { numRuns: 300 });

describe("no secret or literal is stored", () => {
  it("of a URL, wherever it stands", () => {
    check(
      fc.property(url, urlKey, place, ([toUrl, hidden], key, at) => {
        expect(stored(at([attribute(key, toUrl(hidden))]))).not.toContain(hidden);
      }),
    );
  });

  it("of a URL that stands for a span's route or host", () => {
    const key = fc.constantFrom("http.route", "server.address", "net.peer.name", "net.host.name");
    check(
      fc.property(url, key, fc.constantFrom(2, 3), ([toUrl, hidden], name, kind) => {
        const attributes = [attribute(name, toUrl(hidden))];
        expect(stored(requestOf({ kind, attributes }))).not.toContain(hidden);
      }),
    );
  });

  it("of a URL's query", () => {
    check(
      fc.property(secret, place, (hidden, at) => {
        const text = stored(at([attribute("url.query", `a=${hidden}&${hidden}&b=1`)]));
        expect(text).not.toContain(hidden);
      }),
    );
  });

  it("of a statement in any language, wherever it stands, or of its parameters", () => {
    check(
      fc.property(statement, statementKey, place, ({ system, toText, hidden }, key, at) => {
        const list = [
          attribute("db.system.name", system),
          attribute(key, toText(hidden)),
          attribute("db.query.parameter.0", hidden),
          attribute("db.operation.parameter.id", hidden),
          attribute("db.statement.parameters", hidden),
          attribute("db.sql.bindings", hidden),
          attribute("db.connection_string", `Server=db1;Password=${hidden}`),
        ];
        expect(stored(at(list))).not.toContain(hidden);
      }),
    );
  });

  it("of a statement or a URL that is a list", () => {
    const key = fc.constantFrom("db.query.text", "db.statement", "url.full", "http.url");
    check(
      fc.property(secret, key, place, (hidden, name, at) => {
        const value = { arrayValue: { values: [{ stringValue: `a = '${hidden}'` }] } };
        expect(stored(at([attribute(name, value)]))).not.toContain(hidden);
      }),
    );
  });

  it("of headers that let their sender in", () => {
    const key = fc.constantFrom(
      "http.request.header.authorization",
      "http.request.header.cookie",
      "http.request.header.x-api-key",
      "http.request.header.X-Auth-Token",
      "http.response.header.set-cookie",
      "rpc.grpc.request.metadata.authorization",
    );
    check(
      fc.property(secret, key, place, fc.boolean(), (hidden, name, at, isList) => {
        const text = { stringValue: `Bearer ${hidden}` };
        const value = isList ? { arrayValue: { values: [text] } } : text;
        expect(stored(at([attribute(name, value)]))).not.toContain(hidden);
      }),
    );
  });

  it("of a statement that is a span's name", () => {
    check(
      fc.property(
        sql,
        fc.constantFrom("postgresql", "mysql", "unheard-of"),
        ([toText, hidden], name) => {
          const attributes = [attribute("db.system", name)];
          expect(stored(requestOf({ name: toText(hidden), attributes }))).not.toContain(hidden);
        },
      ),
    );
  });

  it("of a URL that is in a span's name", () => {
    check(
      fc.property(url, fc.constantFrom("", "GET ", "HTTP "), ([toUrl, hidden], before) => {
        expect(stored(requestOf({ name: before + toUrl(hidden) }))).not.toContain(hidden);
      }),
    );
  });
});

describe("what hides nothing stays as it is", () => {
  it.each(["GET /orders/:id", "SELECT shop.orders", "why?", "a <b> (c)", "GET /a/{id}", "x@y = 1"])(
    "the name %s",
    (name) => {
      expect(stored(requestOf({ name }))).toContain(name);
    },
  );

  it.each(["/orders/:id", "/flights/:from?/:to?", "/a/:id(\\d+)?", "/^\\/a(?:b)/"])(
    "the route %s",
    (route) => {
      const attributes = [attribute("http.route", route)];
      expect(stored(requestOf({ kind: 2, attributes }))).toContain(route);
    },
  );

  it("other attributes, whatever their text", () => {
    for (const key of [
      "http.route",
      "http.request.header.x-request-id",
      "code.location",
      "db.name",
    ])
      expect(redactionOf(key)).toBe(redactionOf("curl"));
    expect(redactUrls("see https://a.example/b?c=1, or /d")).toBe(
      "see https://a.example/b?c=REDACTED or /d",
    );
    expect(redactText("https://a.example/b", redactionOf("url.full"))).toBe("https://a.example/b");
  });
});
