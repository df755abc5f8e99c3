import { createHash } from "node:crypto";

/**
 * The id of a finding: 32 hex digits of SHA-256 over the detector's id and the parts of the identity. Each part is
 * preceded by its length, so that ["ab", "c"] and ["a", "bc"] differ.
 */
export function toFingerprint(detectorId: string, identity: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of [detectorId, ...identity]) hash.update(`${Buffer.byteLength(part)}:${part}`);
  return hash.digest("hex").slice(0, 32);
}
