import { type HostAndPort, toHostAndPort } from "../evidence/host-and-port.ts";
import type { AttributeWriter, KeptAttributes } from "../tracing/attribute-writer.ts";
import { keys } from "./attribute-keys.ts";
import { writeMethod } from "./http-method.ts";

/** Origins whose attributes are remembered, of each method on its own; further ones are written each time. */
const originsMax = 500;
const originCharactersMax = 255;
const methodsMax = 16;

const targets = new Map<string, Map<string, KeptAttributes>>();

/** Writes what calls to one service by one method have in common; it is encoded once. */
export function writeTarget(writer: AttributeWriter, method: string, origin: string): void {
  const known = targets.get(origin)?.get(method);
  if (known !== undefined) {
    writer.kept(known);
    return;
  }
  const server = toServer(origin);
  const write = (to: AttributeWriter) => writeServer(to, method, server);
  write(writer);
  if (origin.length <= originCharactersMax) remember(origin, method, { write, bytes: undefined });
}

function remember(origin: string, method: string, attributes: KeptAttributes): void {
  const byMethod = targets.get(origin);
  if (byMethod === undefined) {
    if (targets.size < originsMax) targets.set(origin, new Map([[method, attributes]]));
  } else if (byMethod.size < methodsMax) byMethod.set(method, attributes);
}

function toServer(origin: string): HostAndPort {
  const scheme = origin.indexOf("://");
  return toHostAndPort(scheme === -1 ? origin : origin.slice(scheme + 3));
}

function writeServer(writer: AttributeWriter, method: string, { host, port }: HostAndPort): void {
  writeMethod(writer, method);
  writer.known(keys.serverAddress, host);
  if (port !== 0) writer.integer(keys.serverPort, port);
}
