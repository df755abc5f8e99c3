const wordLengthMax = 32;
const segmentsMax = 4;

const colon = 0x3a;
const slash = 0x2f;
const bar = 0x7c;

/**
 * The kind of a key without what it is the key of: `order:42:lines` is `order:?:?`. Only the first part can be told from
 * a value without knowing the application, and only when it is a plain word.
 */
export function toKeyTemplate(key: string): string {
  let template = "";
  let from = 0;
  for (let segments = 0; segments < segmentsMax; segments += 1) {
    const to = endOfPart(key, from);
    const isName = from === 0 && to < key.length && isWord(key, to);
    if (isName) template = key.slice(0, to + 1);
    else template += to === key.length ? "?" : `?${key[to]}`;
    if (to === key.length) break;
    from = to + 1;
  }
  return template;
}

function endOfPart(key: string, from: number): number {
  for (let at = from; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    if (code === colon || code === slash || code === bar) return at;
  }
  return key.length;
}

const underscore = 0x5f;
const dash = 0x2d;

function isWord(key: string, length: number): boolean {
  if (length === 0 || length > wordLengthMax) return false;
  for (let at = 0; at < length; at += 1) {
    const code = key.charCodeAt(at);
    const lower = code | 0x20;
    const isLetter = lower >= 0x61 && lower <= 0x7a;
    if (!isLetter && code !== underscore && code !== dash) return false;
  }
  return true;
}
