import { hash, randomBytes } from "node:crypto";

/** Random for each process, so that who reads the store can't find a parameter by hashing guesses. */
const secret = randomBytes(32).toString("hex");

/** What other SDKs put in a value's place: equal for unequal values. */
const hidden = /=(redacted|\*+|x{3,}|%2a+|\?)?(&|$)/i;

const hashDigits = 16;

/**
 * 16 hex digits that are equal for equal URLs, for spans of SDKs that send no hash of a request's parameters; "" where
 * a value of the query is hidden. Another process has other digits for the same URL.
 */
export function hashUrl(url: string): string {
  const question = url.indexOf("?");
  if (question !== -1 && hidden.test(url.slice(question + 1))) return "";
  return hash("sha256", secret + url).slice(0, hashDigits);
}
