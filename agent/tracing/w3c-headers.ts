import { writeHex } from "./hex-words.ts";
import { parseSpanId, parseTraceId, type RemoteParent } from "./local-trace.ts";
import type { RecordedSpan } from "./recorded-span.ts";

/** W3C Trace Context asks for 512 at least; longer ones are left out whole, since a cut one could mean something else. */
const traceStateCharactersMax = 512;
/** The bound that the W3C's Baggage names. */
export const baggageCharactersMax = 8_192;

const dash = 0x2d;

/**
 * Reads `traceparent` and `tracestate` as W3C Trace Context (Level 1) defines them. Undefined when there is no valid
 * parent; whatever is malformed is as if it were absent.
 *
 *   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *   0  3                                36               53
 */
export function readTraceparent(
  traceparent: unknown,
  traceState: unknown,
): RemoteParent | undefined {
  if (typeof traceparent !== "string" || traceparent.length < 55) return undefined;
  if (!isVersionRead(traceparent)) return undefined;
  const isSeparated =
    traceparent.charCodeAt(2) === dash &&
    traceparent.charCodeAt(35) === dash &&
    traceparent.charCodeAt(52) === dash;
  if (!isSeparated) return undefined;
  const trace = parseTraceId(traceparent, 3);
  const span = parseSpanId(traceparent, 36);
  const flags = hexDigit(traceparent, 53) * 16 + hexDigit(traceparent, 54);
  if (trace === undefined || span === undefined || Number.isNaN(flags)) return undefined;
  return { trace, span, isSampled: flags % 2 === 1, traceState: readTraceState(traceState) };
}

/** Version 00 ends after the flags; a later one may go on behind another dash; ff is none. */
function isVersionRead(traceparent: string): boolean {
  const version = hexDigit(traceparent, 0) * 16 + hexDigit(traceparent, 1);
  if (Number.isNaN(version) || version === 255) return false;
  if (traceparent.length === 55) return true;
  return version > 0 && traceparent.charCodeAt(55) === dash;
}

function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : Number.NaN;
}

function readTraceState(value: unknown): string {
  return isHeader(value, traceStateCharactersMax) ? value : "";
}

/** "" when there is none that could be passed on. */
export function readBaggage(value: unknown): string {
  return isHeader(value, baggageCharactersMax) ? value : "";
}

/** What Node would refuse to send, or what is too long, is not passed on. */
function isHeader(value: unknown, charactersMax: number): value is string {
  return (
    typeof value === "string" && value.length <= charactersMax && /^[\t\x20-\x7e]*$/.test(value)
  );
}

const traceparent = Buffer.from(`00-${"0".repeat(32)}-${"0".repeat(16)}-00`);

/** `traceparent` for a call that the span stands for. Put together in bytes: of texts it would be a dozen. */
export function toTraceparent({ trace, id0, id1 }: RecordedSpan): string {
  writeHex(traceparent, 3, trace.id0);
  writeHex(traceparent, 11, trace.id1);
  writeHex(traceparent, 19, trace.id2);
  writeHex(traceparent, 27, trace.id3);
  writeHex(traceparent, 36, id0);
  writeHex(traceparent, 44, id1);
  traceparent[54] = trace.isSampled ? 0x31 : 0x30;
  return traceparent.toString("latin1");
}
