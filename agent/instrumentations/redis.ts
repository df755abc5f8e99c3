import type { CallSite } from "../evidence/call-site.ts";
import { toKeyTemplate } from "../evidence/key-template.ts";
import { isSuppressed } from "../tracing/active-context.ts";
import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import { otlpKind, type RecordedSpan, type Repeat } from "../tracing/recorded-span.ts";
import { keys } from "./attribute-keys.ts";
import { Guard } from "./guard.ts";
import type { CallOptions } from "./outgoing-call.ts";
import { sentWholeMax } from "./sent-whole.ts";
import { followCalls, type TracedCall } from "./tracing-channel.ts";
import { writeCallSite } from "./write-call-site.ts";

/** What ioredis and node-redis publish about a command; values are replaced by "?". */
interface Command {
  readonly command: string;
  readonly args: readonly unknown[];
  readonly database?: number;
  readonly serverAddress?: string;
  readonly serverPort?: number;
}

interface Server {
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly database: number | undefined;
}

/** Whose answer is the value of a key: null is a miss. */
const reads = new Set(["GET", "GETEX", "GETDEL", "HGET", "LINDEX", "JSON.GET"]);
/** Commands without a key. */
const keyless = new Set(["PING", "INFO", "AUTH", "SELECT", "MULTI", "EXEC", "CONFIG", "CLIENT"]);
const commandsMax = 500;

/** Redis by an ioredis that publishes its commands; an older one has the contrib package. */
export function instrumentIoredis(options: CallOptions): void {
  followCalls<Command, RedisCall>({
    name: "ioredis:command",
    guard: new Guard("ioredis"),
    contexts: options.tracing.contexts,
    start: (message, entry) => RedisCall.start(options, message, entry),
  });
}

/** As ioredis, for the package `redis`. Its arguments begin with the command itself. */
export function instrumentNodeRedis(options: CallOptions): void {
  followCalls<Command, RedisCall>({
    name: "node-redis:command",
    guard: new Guard("redis"),
    contexts: options.tracing.contexts,
    start: (message, entry) =>
      RedisCall.start(options, { ...message, args: message.args.slice(1) }, entry),
  });
}

class RedisCall implements Repeat, TracedCall {
  readonly #span: RecordedSpan;
  readonly #server: Server;
  readonly #name: string;
  readonly #template: string;
  /** Redis says of no command how many rows it gave. */
  readonly rows = -1;
  readonly statement: string;
  readonly paramsHash: string | undefined;
  readonly #callSite: CallSite | undefined;
  readonly #repeatIndex: number;
  #valueBytes = -1;
  #isHit: boolean | undefined;
  #errorType = "";

  static start(
    { tracing, hashParams, callSites }: CallOptions,
    message: Command,
    entry: (...args: never[]) => unknown,
  ): RedisCall | undefined {
    if (isSuppressed(tracing.contexts.storage.getStore())) return undefined;
    const active = tracing.contexts.current();
    // Commands outside of any trace are the library's own: HELLO, CLIENT SETINFO, the pings of a pool.
    const trace = active?.trace;
    if (active === undefined || trace?.isSampled !== true) return undefined;
    const name = toName(message.command);
    const [key] = message.args;
    const template = key === undefined || keyless.has(name) ? "" : toKeyTemplate(String(key));
    const statement = `${name} ${template}`;
    const index = callSites.count(trace, statement);
    const call = { trace, statement, index, isAsked: false };
    return new RedisCall(tracing.startSpan(active, name, otlpKind.client), message, {
      name,
      template,
      statement,
      // With a value that is left out, different calls would look equal.
      paramsHash: message.args.includes("?") ? undefined : hashParams(name, [...message.args]),
      callSite: callSites.capture(call, entry),
      repeatIndex: index,
    });
  }

  private constructor(
    span: RecordedSpan,
    message: Command,
    known: {
      readonly name: string;
      readonly template: string;
      readonly statement: string;
      readonly paramsHash: string | undefined;
      readonly callSite: CallSite | undefined;
      readonly repeatIndex: number;
    },
  ) {
    this.#span = span;
    // Not the message itself: it will hold the answer.
    const { serverAddress = "", serverPort = 0, database } = message;
    this.#server = { serverAddress, serverPort, database };
    this.#name = known.name;
    this.#template = known.template;
    this.statement = known.statement;
    this.paramsHash = known.paramsHash;
    this.#callSite = known.callSite;
    this.#repeatIndex = known.repeatIndex;
    span.detail = this;
  }

  succeed(result: unknown): void {
    this.#valueBytes = bytesOf(result);
    if (reads.has(this.#name)) this.#isHit = result !== null && result !== undefined;
    this.#end();
  }

  fail(error: unknown): void {
    const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown };
    // Redis puts its code in front of the message: WRONGTYPE, MOVED, OOM.
    const code = typeof message === "string" ? /^[A-Z]{2,32}\b/.exec(message)?.[0] : undefined;
    this.#errorType = code ?? String(name ?? "error").slice(0, 64);
    this.#span.setStatus({ code: 2 });
    this.#end();
  }

  #end(): void {
    const { trace, startMs } = this.#span;
    const endMs = trace.nowMs();
    trace.dbCalls += 1;
    trace.dbTimeMs += endMs - startMs;
    this.#span.endAt(endMs);
  }

  get repeat(): Repeat | undefined {
    const isEarly = this.#repeatIndex <= sentWholeMax || this.#callSite !== undefined;
    return isEarly ? undefined : this;
  }

  isAlike(other: Repeat): boolean {
    if (!(other instanceof RedisCall)) return false;
    const { serverAddress, serverPort, database } = this.#server;
    const theirs = other.#server;
    return (
      serverAddress === theirs.serverAddress &&
      serverPort === theirs.serverPort &&
      database === theirs.database
    );
  }

  writeShared(writer: AttributeWriter): void {
    const { serverAddress, serverPort, database } = this.#server;
    writer.known(keys.dbSystemName, "redis");
    writer.known(keys.dbOperationName, this.#name);
    if (serverAddress !== "") writer.known(keys.serverAddress, serverAddress);
    if (serverPort > 0) writer.integer(keys.serverPort, serverPort);
    if (database !== undefined) writer.known(keys.dbNamespace, String(database));
    if (this.#template !== "") {
      writer.known(keys.dbQueryText, `${this.#name} ${this.#template}`);
      writer.known(keys.cacheKeyTemplate, this.#template);
    }
  }

  write(writer: AttributeWriter): void {
    this.writeShared(writer);
    if (this.#valueBytes >= 0) writer.integer(keys.cacheValueBytes, this.#valueBytes);
    if (this.#isHit !== undefined) writer.flag(keys.cacheHit, this.#isHit);
    if (this.paramsHash !== undefined) writer.text(keys.paramsHash, this.paramsHash);
    if (this.#repeatIndex > 1) writer.integer(keys.repeatIndex, this.#repeatIndex);
    if (this.#errorType !== "") writer.known(keys.errorType, this.#errorType);
    if (this.#callSite !== undefined) writeCallSite(writer, this.#callSite);
  }
}

const names = new Map<string, string>();

/** In upper case; each is made once. */
function toName(command: string): string {
  const known = names.get(command);
  if (known !== undefined) return known;
  const name = command.toUpperCase().slice(0, 64);
  if (names.size < commandsMax) names.set(command, name);
  return name;
}

/** Of an answer that is one value; -1 of any other. */
function bytesOf(result: unknown): number {
  if (typeof result === "string") return Buffer.byteLength(result);
  return result instanceof Uint8Array ? result.length : -1;
}
