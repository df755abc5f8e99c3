import { type Baggage, type BaggageEntry, propagation } from "@opentelemetry/api";
import { baggageCharactersMax } from "./w3c-headers.ts";

/** The bound that the W3C's Baggage names. */
const entriesMax = 180;

/** Undefined for an empty header. What can't be decoded is left out. */
export function fromBaggageHeader(header: string): Baggage | undefined {
  // Without a prototype: `__proto__` is a key like any other.
  const entries: Record<string, BaggageEntry> = Object.create(null);
  let isEmpty = true;
  for (const member of header.split(",", entriesMax)) {
    const [pair = ""] = member.split(";", 1);
    const at = pair.indexOf("=");
    const key = decode(pair.slice(0, Math.max(at, 0)).trim());
    const value = decode(pair.slice(at + 1).trim());
    if (!key || value === undefined) continue;
    entries[key] = { value };
    isEmpty = false;
  }
  return isEmpty ? undefined : propagation.createBaggage(entries);
}

export function toBaggageHeader(baggage: Baggage): string {
  let header = "";
  for (const [key, { value }] of baggage.getAllEntries().slice(0, entriesMax)) {
    const member = `${encode(key)}=${encode(value)}`;
    if (header.length + member.length + 1 > baggageCharactersMax) break;
    header += header === "" ? member : `,${member}`;
  }
  return header;
}

/** Half a character, of a text that was cut, has no encoding. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign: malformed entries are as if they were absent.
    return undefined;
  }
}
