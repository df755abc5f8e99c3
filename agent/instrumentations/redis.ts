import type { CallSite } from "../evidence/call-site.ts";
import type { ParamsHash } from "../evidence/params-hash.ts";
import { type ActiveContext, isSuppressed } from "../tracing/active-context.ts";
import type { AlikeSpans } from "../tracing/alike-spans.ts";
import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import { otlpKind, type RecordedSpan, type Repeat } from "../tracing/recorded-span.ts";
import { keys } from "./attribute-keys.ts";
import type { CallOptions } from "./outgoing-call.ts";
import {
  isSameServer,
  type RedisCommand,
  type RedisServer,
  toRedisCommand,
  toSent,
  writeCommand,
} from "./redis-command.ts";
import { sentWholeMax } from "./sent-whole.ts";
import type { TracedCall } from "./tracing-channel.ts";
import { writeCallSite } from "./write-call-site.ts";

/** What ioredis and node-redis publish about a command; values are replaced by "?". */
export interface Command {
  readonly command: string;
  readonly args: readonly unknown[];
  readonly database?: number;
  readonly serverAddress?: string;
  readonly serverPort?: number;
}

/** `args` are those of the command alone, `active` the context in which the application made it. */
export function startCall(
  { tracing, hashParams, callSites }: CallOptions,
  message: Command,
  args: readonly unknown[],
  entry: (...args: never[]) => unknown,
  active: ActiveContext | undefined,
): RedisCall | undefined {
  // Commands outside of any trace are the library's own: HELLO, CLIENT SETINFO, the pings of a pool.
  const trace = active?.trace;
  if (active === undefined || trace?.isSampled !== true || isSuppressed(active)) return undefined;
  const command = toRedisCommand(message.command, args[0]);
  const { name } = command;
  const index = callSites.count(trace, command.text);
  // Not the message itself: it will hold the answer.
  const { serverAddress = "", serverPort = 0, database } = message;
  return new RedisCall(tracing.startSpan(active, name, otlpKind.client), {
    command,
    server: { serverAddress, serverPort, database },
    // With a value or a name that is left out, different calls would look equal.
    paramsHash:
      args.includes("?") || !command.isKnown ? undefined : hashParams(name, args, command),
    callSite: callSites.capture({ trace, statement: command, index, isAsked: false }, entry),
    repeatIndex: index,
  });
}

/** What is known of a call when it begins. */
interface RedisCallStart {
  readonly command: RedisCommand;
  readonly server: RedisServer;
  readonly paramsHash: ParamsHash | undefined;
  readonly callSite: CallSite | undefined;
  readonly repeatIndex: number;
}

export class RedisCall implements Repeat, TracedCall {
  readonly #span: RecordedSpan;
  readonly #start: RedisCallStart;
  /** Redis says of no command how many rows it gave. */
  readonly rows = -1;
  #valueBytes = -1;
  #isHit: boolean | undefined = undefined;
  #errorType = "";

  constructor(span: RecordedSpan, start: RedisCallStart) {
    this.#span = span;
    this.#start = start;
    span.detail = this;
    span.mayRepeat = start.repeatIndex > sentWholeMax;
  }

  get statement(): string {
    return this.#start.command.text;
  }

  get paramsHash(): ParamsHash | undefined {
    return this.#start.paramsHash;
  }

  succeed(result: unknown): void {
    this.#valueBytes = bytesOf(result);
    if (this.#start.command.isRead) this.#isHit = result !== null && result !== undefined;
    this.#end();
  }

  /** The server has taken the command down for the end of its transaction: what it answers is not the value of a key. */
  succeedQueued(): void {
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
    const isEarly = this.#start.repeatIndex <= sentWholeMax || this.#start.callSite !== undefined;
    return isEarly ? undefined : this;
  }

  isAlike(other: Repeat): boolean {
    return other instanceof RedisCall && isSameServer(this.#start.server, other.#start.server);
  }

  get alike(): AlikeSpans | undefined {
    const { callSite, command } = this.#start;
    return callSite === undefined ? command.sent?.alike : undefined;
  }

  writeShared(writer: AttributeWriter): void {
    const { command, server } = this.#start;
    command.sent ??= toSent(command, server);
    if (isSameServer(command.sent.server, server)) writer.kept(command.sent.attributes);
    else writeCommand(writer, command, server);
  }

  write(writer: AttributeWriter): void {
    this.writeShared(writer);
    const { paramsHash, repeatIndex, callSite } = this.#start;
    if (this.#valueBytes >= 0) writer.integer(keys.cacheValueBytes, this.#valueBytes);
    if (this.#isHit !== undefined) writer.flag(keys.cacheHit, this.#isHit);
    if (paramsHash !== undefined) writer.hex(keys.paramsHash, paramsHash.high, paramsHash.low);
    if (repeatIndex > 1) writer.integer(keys.repeatIndex, repeatIndex);
    if (this.#errorType !== "") writer.known(keys.errorType, this.#errorType);
    if (callSite !== undefined) writeCallSite(writer, callSite);
  }
}

/** Of an answer that is one value; -1 of any other. */
function bytesOf(result: unknown): number {
  if (typeof result === "string") return Buffer.byteLength(result);
  return result instanceof Uint8Array ? result.length : -1;
}
