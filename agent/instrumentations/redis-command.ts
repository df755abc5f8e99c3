import type { CalledStatement } from "../evidence/called-statement.ts";
import { toKeyTemplate } from "../evidence/key-template.ts";
import type { AttributeWriter, KeptAttributes } from "../tracing/attribute-writer.ts";
import { keys } from "./attribute-keys.ts";

/** What calls of one command with keys of one kind have in common; the text is name and template. */
export interface RedisCommand extends CalledStatement {
  /** In upper case. */
  readonly name: string;
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
}

const reads = new Set(["GET", "GETEX", "GETDEL", "HGET", "LINDEX", "JSON.GET"]);
/** Commands without a key. */
const keyless = new Set(["PING", "INFO", "AUTH", "SELECT", "MULTI", "EXEC", "CONFIG", "CLIENT"]);
/** That are remembered; further ones are made anew each time. */
const namesMax = 500;
const commandsMax = 2_000;

const names = new Map<string, string>();
const commands = new Map<string, RedisCommand>();

/** `key` is the first argument, whatever that is. */
export function toRedisCommand(command: string, key: unknown): RedisCommand {
  const name = toName(command);
  const template = key === undefined || keyless.has(name) ? "" : toKeyTemplate(String(key));
  const text = `${name} ${template}`;
  const known = commands.get(text);
  if (known !== undefined) return known;
  const called = { text, seenOn: undefined, paramsKey: undefined };
  const made = { ...called, name, template, isRead: reads.has(name), sent: undefined };
  if (commands.size < commandsMax) commands.set(text, made);
  return made;
}

/** In upper case; each is made once. */
function toName(command: string): string {
  const known = names.get(command);
  if (known !== undefined) return known;
  const name = command.toUpperCase().slice(0, 64);
  if (names.size < namesMax) names.set(command, name);
  return name;
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
  return { server, attributes: { write, bytes: undefined } };
}

export function writeCommand(
  writer: AttributeWriter,
  { name, template, text }: RedisCommand,
  { serverAddress, serverPort, database }: RedisServer,
): void {
  writer.known(keys.dbSystemName, "redis");
  writer.known(keys.dbOperationName, name);
  if (serverAddress !== "") writer.known(keys.serverAddress, serverAddress);
  if (serverPort > 0) writer.integer(keys.serverPort, serverPort);
  if (database !== undefined) writer.known(keys.dbNamespace, String(database));
  if (template === "") return;
  writer.known(keys.dbQueryText, text);
  writer.known(keys.cacheKeyTemplate, template);
}
