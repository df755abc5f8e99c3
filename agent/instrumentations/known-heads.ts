import { toHostAndPort } from "../evidence/host-and-port.ts";
import type { AttributeWriter, KeptAttributes } from "../tracing/attribute-writer.ts";
import { keys } from "./attribute-keys.ts";
import { writeMethod } from "./http-method.ts";

/** How a service is called: of this there are few kinds, whatever the clients and paths. */
export interface ServiceHead {
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly httpVersion: string;
  readonly host: string | undefined;
}

interface KnownHead extends ServiceHead, KeptAttributes {}

/** Clients may name any host: further and longer ones are written each time. */
const headsMax = 16;
const hostCharactersMax = 255;
const heads: KnownHead[] = [];

/** Writes what the requests to one host have in common; it is encoded once. */
export function writeServiceHead(writer: AttributeWriter, head: ServiceHead): void {
  for (const known of heads) {
    if (isEqual(known, head)) {
      writer.kept(known);
      return;
    }
  }
  writeHead(writer, head);
  const { method, scheme, httpVersion, host } = head;
  if (heads.length >= headsMax || (host ?? "").length > hostCharactersMax) return;
  const own = { method, scheme, httpVersion, host };
  heads.push({ ...own, write: (to) => writeHead(to, own), bytes: undefined });
}

function isEqual(one: ServiceHead, other: ServiceHead): boolean {
  return (
    one.method === other.method &&
    one.host === other.host &&
    one.scheme === other.scheme &&
    one.httpVersion === other.httpVersion
  );
}

function writeHead(
  writer: AttributeWriter,
  { method, scheme, httpVersion, host }: ServiceHead,
): void {
  writeMethod(writer, method);
  writer.known(keys.urlScheme, scheme);
  writer.known(keys.networkProtocolVersion, httpVersion);
  if (host === undefined) return;
  const address = toHostAndPort(host);
  writer.known(keys.serverAddress, address.host);
  if (address.port !== 0) writer.integer(keys.serverPort, address.port);
}
