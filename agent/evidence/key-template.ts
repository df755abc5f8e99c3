const wordLengthMax = 32;
const segmentsMax = 8;

/**
 * The kind of a key without what it is the key of: `order:42:lines` is `order:?:?`. Only the first part can be told from
 * a value without knowing the application, and only when it is a plain word.
 */
export function toKeyTemplate(key: string): string {
  const parts: string[] = [];
  let from = 0;
  while (parts.length < segmentsMax) {
    const to = endOfPart(key, from);
    const isName = from === 0 && to < key.length && isWord(key, to);
    parts.push(isName ? key.slice(0, to) : "?");
    if (to === key.length) break;
    parts.push(key[to]!);
    from = to + 1;
  }
  return parts.join("");
}

function endOfPart(key: string, from: number): number {
  for (let at = from; at < key.length; at += 1) {
    const character = key[at];
    if (character === ":" || character === "/" || character === "|") return at;
  }
  return key.length;
}

function isWord(key: string, length: number): boolean {
  if (length === 0 || length > wordLengthMax) return false;
  for (let at = 0; at < length; at += 1) {
    const code = key.charCodeAt(at) | 0x20;
    const isLetter = code >= 0x61 && code <= 0x7a;
    if (!isLetter && key[at] !== "_" && key[at] !== "-") return false;
  }
  return true;
}
