import { RandomValues } from "./random-values.ts";
import {
  type Attribute,
  functions,
  instancesPerService,
  type Service,
  type Statement,
  services,
} from "./shop.ts";

/** A span of the corpus; times are nanoseconds since the corpus began. */
export interface CorpusSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId: Buffer | undefined;
  name: string;
  readonly kind: number;
  readonly startNs: number;
  durationNs: number;
  attributes: readonly Attribute[];
  /** Index in `resources` and in `scopes` of `shop.ts`. */
  readonly resource: number;
  readonly scope: number;
  hasError: boolean;
  exception: readonly [type: string, message: string] | undefined;
}

const kinds = { internal: 1, server: 2, client: 3, producer: 4 };
const scopeOf = { http: 0, postgresql: 1, redis: 2, kafka: 3, shop: 4 };
const depthMax = 5;
const spansOfTraceMax = 60;
const words = ["red", "shoe", "cable", "phone", "case", "mouse", "desk", "lamp", "chair", "mug"];

/**
 * Traces as a shop's requests make them, the same for the same seed: about 14 spans each and 10.7 attributes a span,
 * ids in paths, statements with parameters and with literals, an N+1 in one of thirty handlers that use a database.
 */
export class TraceSource {
  readonly #values: RandomValues;
  #spans: CorpusSpan[] = [];
  #traceId: Buffer = Buffer.alloc(16);
  #customer = "";

  constructor(seed: string) {
    this.#values = new RandomValues(seed);
  }

  /** One trace, its root first. */
  next(startNs: number): CorpusSpan[] {
    this.#spans = [];
    this.#traceId = this.#values.bytes(16);
    this.#customer = String(this.#values.skewed(50_000));
    const at = this.#values.random();
    const [storefront, gateway] = services;
    const entry = at < 0.55 ? storefront! : at < 0.85 ? gateway! : this.#values.pick(services);
    this.#serve(entry, undefined, startNs, 0);
    return this.#spans;
  }

  /** A server span with what it does, one thing after the other. */
  #serve(service: Service, parentSpanId: Buffer | undefined, startNs: number, depth: number) {
    const process =
      services.indexOf(service) * instancesPerService + this.#values.below(instancesPerService);
    const [method, route] = this.#values.pick(service.routes);
    const path = this.#fill(route);
    const name = `${method} ${route}`;
    const span = this.#add(process, parentSpanId, name, kinds.server, startNs, scopeOf.http);
    let endNs = startNs + this.#values.duration(3e5);
    if (this.#values.random() < 0.45) endNs = this.#compute(process, span.spanId, endNs);
    endNs = this.#useDatabase(service, process, span.spanId, endNs);
    let hasError = this.#values.random() < 0.012;
    for (let call = this.#callsOf(service, depth); call > 0; call--) {
      if (this.#spans.length >= spansOfTraceMax) break;
      const child = this.#call(service, process, span.spanId, endNs + 5e4, depth);
      endNs = child.endNs;
      hasError ||= child.hasError && this.#values.random() < 0.7;
    }
    if (this.#values.random() < 0.3) endNs = this.#compute(process, span.spanId, endNs);
    endNs +=
      this.#values.duration(3e5) + (this.#values.random() < 0.004 ? this.#values.duration(8e8) : 0);
    const status = hasError
      ? this.#values.pick([500, 500, 503, 502])
      : method === "POST"
        ? 201
        : 200;
    span.durationNs = endNs - startNs;
    span.hasError = hasError;
    if (hasError && this.#values.random() < 0.6)
      span.exception = ["TypeError", "cannot read properties of undefined"];
    span.attributes = this.#serverAttributes(service, span, path, route, method, status, depth);
    return { endNs, hasError, status, path, method };
  }

  #serverAttributes(
    service: Service,
    { spanId }: CorpusSpan,
    path: string,
    route: string,
    method: string,
    status: number,
    depth: number,
  ): Attribute[] {
    const isEdge = depth === 0;
    const query: Attribute[] = route.endsWith("search")
      ? [["url.query", `q=${this.#values.pick(words)}+${this.#values.pick(words)}`]]
      : [];
    const error: Attribute[] = status >= 500 ? [["error.type", String(status)]] : [];
    return [
      ["http.request.method", method],
      ["url.path", path],
      ["url.scheme", isEdge ? "https" : "http"],
      ["http.route", route],
      ["http.response.status_code", status],
      ["server.address", isEdge ? "www.shop.example" : `${service.name}.shop.svc`],
      ["server.port", isEdge ? 443 : 8080],
      [
        "client.address",
        isEdge ? this.#values.address() : `10.0.${this.#values.below(12)}.${10 + depth}`,
      ],
      ["network.peer.port", 32_768 + this.#values.below(28_000)],
      [
        "user_agent.original",
        isEdge
          ? `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1${20 + this.#values.skewed(40)}.0.0.0 Safari/537.36`
          : "undici",
      ],
      ["network.protocol.version", isEdge ? "2" : "1.1"],
      ["user.id", this.#customer],
      ["request.id", `${spanId.toString("hex")}`],
      ...query,
      ...error,
    ];
  }

  #call(from: Service, process: number, parent: Buffer, startNs: number, depth: number) {
    const callee = this.#values.pick(from.calls);
    const target = services.find(({ name }) => name === callee)!;
    const span = this.#add(process, parent, "", kinds.client, startNs, scopeOf.http);
    const answer = this.#serve(
      target,
      span.spanId,
      startNs + this.#values.duration(4e5),
      depth + 1,
    );
    const endNs = answer.endNs + this.#values.duration(2e5);
    span.name = answer.method;
    span.durationNs = endNs - startNs;
    span.hasError = answer.status >= 500;
    span.attributes = [
      ["http.request.method", answer.method],
      ["url.full", `http://${target.name}.shop.svc:8080${answer.path}`],
      ["server.address", `${target.name}.shop.svc`],
      ["server.port", 8080],
      ["http.response.status_code", answer.status],
      ["network.peer.address", `10.0.${services.indexOf(target)}.${10 + this.#values.below(3)}`],
      ["network.peer.port", 8080],
      ["network.protocol.version", "1.1"],
      ["http.response.body.size", 200 + this.#values.below(8_000)],
      ["peer.service", target.name],
      ...(span.hasError ? [["error.type", String(answer.status)] as const] : []),
    ];
    return { endNs, hasError: span.hasError };
  }

  #callsOf({ name, calls }: Service, depth: number): number {
    if (calls.length === 0 || depth >= depthMax) return 0;
    if (name === "orders") return 2 + this.#values.below(3);
    return name === "storefront" || name === "gateway" || this.#values.random() < 0.75 ? 1 : 0;
  }

  #useDatabase(
    { name, database, statements = [] }: Service,
    process: number,
    parent: Buffer,
    startNs: number,
  ): number {
    if (database === "redis") return this.#redis(name, process, parent, startNs);
    if (database === "kafka") return this.#send(name, process, parent, startNs);
    let endNs = startNs;
    if (database === undefined) return endNs;
    const isNPlusOne = this.#values.random() < 0.035;
    const repeated = statements.find(({ text }) => text.includes("?")) ?? statements[0]!;
    const count = isNPlusOne ? 5 + this.#values.below(22) : 1 + this.#values.skewed(3);
    for (let i = 0; i < count; i++) {
      const statement = isNPlusOne ? repeated : this.#values.pick(statements);
      endNs = this.#query(name, process, parent, endNs + 3e4, statement);
    }
    return endNs;
  }

  #query(service: string, process: number, parent: Buffer, startNs: number, statement: Statement) {
    const { operation, collection, text } = statement;
    const name = `${operation} shop_${service}`;
    const span = this.#add(process, parent, name, kinds.client, startNs, scopeOf.postgresql);
    span.durationNs = Math.max(2e5, this.#values.duration(1.1e6));
    span.hasError = this.#values.random() < 0.002;
    if (span.hasError)
      span.exception = ["QueryFailedError", "canceling statement due to statement timeout"];
    span.attributes = [
      ["db.system.name", "postgresql"],
      ["db.namespace", `shop_${service}`],
      ["db.operation.name", operation],
      ["db.collection.name", collection],
      ["db.query.text", text.replace("?", String(this.#values.skewed(30_000)))],
      ["db.query.summary", `${operation} ${collection}`],
      ["server.address", `postgres-${service}.shop.svc`],
      ["server.port", 5432],
      ["network.peer.address", `10.0.9.${process}`],
      ["db.client.connection.pool.name", "main"],
      ["db.response.returned_rows", this.#values.skewed(50)],
      ["thread.id", 1],
    ];
    return startNs + span.durationNs;
  }

  #redis(service: string, process: number, parent: Buffer, startNs: number): number {
    const operation = this.#values.pick(["GET", "GET", "GET", "SETEX", "MGET", "HGETALL"]);
    const span = this.#add(process, parent, operation, kinds.client, startNs, scopeOf.redis);
    span.durationNs = Math.max(5e4, this.#values.duration(2.5e5));
    span.attributes = [
      ["db.system.name", "redis"],
      ["db.operation.name", operation],
      ["db.query.text", `${operation} ${service}:${this.#customer}`],
      ["db.namespace", "0"],
      ["server.address", "redis.shop.svc"],
      ["server.port", 6379],
      ["network.peer.address", "10.0.9.5"],
      ["network.peer.port", 6379],
    ];
    return startNs + span.durationNs;
  }

  #send(service: string, process: number, parent: Buffer, startNs: number): number {
    const topic = this.#values.pick(["orders", "letters", "texts"]);
    const span = this.#add(
      process,
      parent,
      `send ${topic}`,
      kinds.producer,
      startNs,
      scopeOf.kafka,
    );
    span.durationNs = Math.max(3e5, this.#values.duration(2e6));
    span.attributes = [
      ["messaging.system", "kafka"],
      ["messaging.destination.name", topic],
      ["messaging.operation.type", "send"],
      ["messaging.operation.name", "send"],
      ["messaging.client.id", `${service}-producer`],
      ["messaging.message.id", this.#values.bytes(16).toString("hex")],
      ["messaging.destination.partition.id", String(this.#values.below(12))],
      ["messaging.kafka.offset", 1_000_000 + this.#values.below(9_000_000)],
      ["messaging.message.body.size", 300 + this.#values.below(900)],
      ["server.address", `kafka-${this.#values.below(3)}.shop.svc`],
      ["server.port", 9092],
    ];
    return startNs + span.durationNs;
  }

  #compute(process: number, parent: Buffer, startNs: number): number {
    const name = this.#values.pick(functions);
    const span = this.#add(process, parent, name, kinds.internal, startNs, scopeOf.shop);
    span.durationNs = this.#values.duration(4e5);
    span.attributes = [
      ["code.function.name", name],
      ["code.file.path", `/app/dist/${name.split(" ")[0]}.js`],
      ["code.line.number", 10 + name.length],
      ["app.new_pricing", this.#values.random() < 0.3],
      ["app.items", this.#values.skewed(12)],
      ["app.discount", 0.005 + this.#values.below(30) / 100],
      ["user.id", this.#customer],
      ["thread.id", 1],
    ];
    return startNs + span.durationNs;
  }

  #add(
    resource: number,
    parentSpanId: Buffer | undefined,
    name: string,
    kind: number,
    startNs: number,
    scope: number,
  ): CorpusSpan {
    const span: CorpusSpan = {
      traceId: this.#traceId,
      spanId: this.#values.bytes(8),
      parentSpanId,
      name,
      kind,
      startNs,
      durationNs: 0,
      attributes: [],
      resource,
      scope,
      hasError: false,
      exception: undefined,
    };
    this.#spans.push(span);
    return span;
  }

  /** `:id` and the like become values; few of them often, most seldom. */
  #fill(route: string): string {
    return route.replace(/:(\w+)/g, (_, name) => {
      if (name === "slug") return this.#values.pick(words);
      if (name === "basketId") return this.#values.bytes(8).toString("hex");
      if (name === "customerId") return this.#customer;
      return name === "sku"
        ? `SKU-${this.#values.skewed(20_000)}`
        : String(this.#values.skewed(300_000));
    });
  }
}
