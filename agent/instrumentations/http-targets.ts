import type { CalledStatement } from "../evidence/called-statement.ts";
import { type HostAndPort, toHostAndPort } from "../evidence/host-and-port.ts";
import { toHttpStatement } from "../evidence/http-call.ts";
import { AlikeSpans } from "../tracing/alike-spans.ts";
import type { AttributeWriter, KeptAttributes } from "../tracing/attribute-writer.ts";
import { keys } from "./attribute-keys.ts";
import { writeMethod } from "./http-method.ts";

/** Services and methods, and templates of each, that are remembered; further ones are made anew for each call. */
const targetsMax = 500;
const templatesMax = 200;
const originCharactersMax = 255;

/** Calls to one template of a service. The text has the client: one address that is called in two ways is called at two places. */
export interface HttpStatement extends CalledStatement {
  readonly template: string;
  /** What their parameters are hashed with. */
  readonly hashed: string;
}

/** One service, as one client calls it by one method. */
export class HttpTarget implements KeptAttributes {
  readonly origin: string;
  bytes: Uint8Array | undefined = undefined;
  readonly alike = new AlikeSpans();
  readonly method: string;
  readonly #client: string;
  readonly #server: HostAndPort;
  readonly #statements = new Map<string, HttpStatement>();
  #last: HttpStatement | undefined = undefined;

  constructor(client: string, method: string, origin: string) {
    this.origin = origin;
    this.#client = client;
    this.method = method;
    const scheme = origin.indexOf("://");
    this.#server = toHostAndPort(scheme === -1 ? origin : origin.slice(scheme + 3));
  }

  /** Of a path. */
  statementOf(template: string): HttpStatement {
    // To compare a text that was just made is cheaper than to look it up, which hashes it.
    if (this.#last?.template === template) return this.#last;
    const known = this.#statements.get(template) ?? this.#add(template);
    this.#last = known;
    return known;
  }

  #add(template: string): HttpStatement {
    const hashed = toHttpStatement(this.method, this.origin, template);
    const text = `${this.#client} ${hashed}`;
    const statement = { template, hashed, text, seenOn: undefined, paramsKey: undefined };
    if (this.#statements.size < templatesMax) this.#statements.set(template, statement);
    return statement;
  }

  write(writer: AttributeWriter): void {
    const { host, port } = this.#server;
    writeMethod(writer, this.method);
    writer.known(keys.serverAddress, host);
    if (port !== 0) writer.integer(keys.serverPort, port);
  }
}

/** The services that one client calls. */
export class HttpTargets {
  readonly #client: string;
  readonly #byOrigin = new Map<string, Map<string, HttpTarget>>();
  #targets = 0;
  #last: HttpTarget | undefined = undefined;

  constructor(client: string) {
    this.#client = client;
  }

  of(method: string, origin: string): HttpTarget {
    const last = this.#last;
    if (last?.origin === origin && last.method === method) return last;
    const target = this.#byOrigin.get(origin)?.get(method) ?? this.#make(method, origin);
    this.#last = target;
    return target;
  }

  #make(method: string, origin: string): HttpTarget {
    const target = new HttpTarget(this.#client, method, origin);
    const isRemembered = this.#targets < targetsMax && origin.length <= originCharactersMax;
    if (isRemembered) this.#add(method, target);
    return target;
  }

  #add(method: string, target: HttpTarget): void {
    const byMethod = this.#byOrigin.get(target.origin) ?? new Map<string, HttpTarget>();
    this.#byOrigin.set(target.origin, byMethod);
    byMethod.set(method, target);
    this.#targets += 1;
  }
}
