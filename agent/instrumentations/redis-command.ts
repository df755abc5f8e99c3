import type { CalledStatement } from "../evidence/called-statement.ts";
import { toKeyTemplate } from "../evidence/key-template.ts";
import { toRedisOperation } from "../evidence/redis-operation.ts";
import { AlikeSpans } from "../tracing/alike-spans.ts";
import type { AttributeWriter, KeptAttributes } from "../tracing/attribute-writer.ts";
import { keys } from "./attribute-keys.ts";

/** What calls of one command with keys of one kind have in common; the text is name and template. */
export interface RedisCommand extends CalledStatement {
  /** In upper case; of a command that Redis does not have `redis`. */
  readonly name: string;
  readonly isKnown: boolean;
  /** Of the first key; "" without one. */
  readonly template: string;
  /** Its answer is the value of a key: null is a miss. */
  readonly isRead: boolean;
  /** Attributes of its calls to the first server that it was sent to. */
  sent: SentCommand | undefined;
}

export interface RedisServer {
  /** "" when the library does not say. */
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly database: number | undefined;
}

interface SentCommand {
  readonly server: RedisServer;
  readonly attributes: KeptAttributes;
  readonly alike: AlikeSpans;
}

/** What is known of a command by its name. */
interface NamedCommand {
  readonly name: string;
  readonly isKnown: boolean;
  readonly isRead: boolean;
  readonly hasKey: boolean;
  readonly byTemplate: Map<string, RedisCommand>;
  last: RedisCommand | undefined;
}

const reads = new Set(["GET", "GETEX", "GETDEL", "HGET", "LINDEX", "JSON.GET"]);
/** Commands without a key. */
const keyless = new Set(["PING", "INFO", "AUTH", "SELECT", "MULTI", "EXEC", "CONFIG", "CLIENT"]);
/** That are remembered, and templates of each; further ones are made anew each time. */
const namesMax = 500;
const templatesMax = 200;

const named = new Map<string, NamedCommand>();
/** All that are none of Redis's: what comes after their name may be anything, too. */
const other = toNamed("redis", false);

/** `key` is the first argument, whatever that is. */
export function toRedisCommand(command: string, key: unknown): RedisCommand {
  const its = named.get(command) ?? remember(command);
  const template = its.hasKey && key !== undefined ? toKeyTemplate(String(key)) : "";
  // To compare a text that was just made is cheaper than to look it up, which hashes it.
  if (its.last?.template === template) return its.last;
  const known = its.byTemplate.get(template) ?? toTemplated(its, template);
  its.last = known;
  return known;
}

function toTemplated(
  { name, isKnown, isRead, byTemplate }: NamedCommand,
  template: string,
): RedisCommand {
  const called = { text: `${name} ${template}`, seenOn: undefined, paramsKey: undefined };
  const made = { ...called, name, isKnown, template, isRead, sent: undefined };
  if (byTemplate.size < templatesMax) byTemplate.set(template, made);
  return made;
}

function remember(command: string): NamedCommand {
  const name = toRedisOperation(command);
  if (name === "") return other;
  const made = toNamed(name, true);
  if (named.size < namesMax) named.set(command, made);
  return made;
}

function toNamed(name: string, isKnown: boolean): NamedCommand {
  return {
    name,
    isKnown,
    isRead: reads.has(name),
    hasKey: isKnown && !keyless.has(name),
    byTemplate: new Map(),
    last: undefined,
  };
}

export function isSameServer(one: RedisServer, other: RedisServer): boolean {
  return (
    one.serverAddress === other.serverAddress &&
    one.serverPort === other.serverPort &&
    one.database === other.database
  );
}

export function toSent(command: RedisCommand, server: RedisServer): SentCommand {
  const write = (writer: AttributeWriter) => writeCommand(writer, command, server);
  return { server, attributes: { write, bytes: undefined }, alike: new AlikeSpans() };
}

export function writeCommand(
  writer: AttributeWriter,
  { name, isKnown, template, text }: RedisCommand,
  { serverAddress, serverPort, database }: RedisServer,
): void {
  writer.known(keys.dbSystemName, "redis");
  if (isKnown) writer.known(keys.dbOperationName, name);
  if (serverAddress !== "") writer.known(keys.serverAddress, serverAddress);
  if (serverPort > 0) writer.integer(keys.serverPort, serverPort);
  if (database !== undefined) writer.known(keys.dbNamespace, String(database));
  if (template === "") return;
  writer.known(keys.dbQueryText, text);
  writer.known(keys.cacheKeyTemplate, template);
}
