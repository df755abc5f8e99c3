import { hash } from "node:crypto";
import { oncePerText } from "../facts/once-per-text.ts";

/**
 * The id of a finding: 32 hex digits of SHA-256 over the detector's id and the parts of the identity. Each part is
 * preceded by its length, so that ["ab", "c"] and ["a", "bc"] differ.
 */
export function toFingerprint(detectorId: string, identity: readonly string[]): string {
  let text = withLength(detectorId);
  for (const part of identity) text += withLength(part);
  return digest(text);
}

function withLength(part: string): string {
  return `${Buffer.byteLength(part)}:${part}`;
}

/** The same findings are seen in trace after trace. */
const digest = oncePerText((text) => hash("sha256", text, "hex").slice(0, 32));
