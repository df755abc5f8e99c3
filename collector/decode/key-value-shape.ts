import type { QueryShape } from "./sql-shape.ts";

/** Commands whose first argument is no key. */
const keylessCommands = new Set(["AUTH", "HELLO", "ACL", "CONFIG", "EVAL", "EVALSHA", "MIGRATE"]);

/** A key's leading part, "user" in "user:42": a name that the program chose, not a value. */
const keyPrefix = /^\s+"?([a-z][a-z_-]{0,31}):/i;

const commandName = /^\s*([a-z][a-z._]{0,31})(?=\s|$)/i;

/** Shape of a Redis or Memcached command: `GET user:42` is `GET user:*`, `SET a 1` is `SET *`. */
export function toKeyValueShape(text: string): QueryShape {
  const found = commandName.exec(text);
  if (found === null) return { text: "*", summary: "", collection: "", isKnown: true };
  const command = found[1]!.toUpperCase();
  const rest = text.slice(found[0].length);
  return {
    text: rest.trim() === "" ? command : `${command} ${toKeyTemplate(command, rest)}`,
    summary: command,
    collection: "",
    isKnown: true,
  };
}

function toKeyTemplate(command: string, rest: string): string {
  const prefix = keylessCommands.has(command) ? undefined : keyPrefix.exec(rest)?.[1];
  return prefix === undefined ? "*" : `${prefix}:*`;
}
