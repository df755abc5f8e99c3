/** Of one object or list. */
const membersMax = 100_000;

const byte = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  listStart: 0x5b,
  backslash: 0x5c,
  listEnd: 0x5d,
  objectStart: 0x7b,
  objectEnd: 0x7d,
} as const;

/**
 * The members of a JSON object, or the items of a list (their keys are ""), each as the bytes of its value. What is in
 * a value is skipped and not read: of a source map of megabytes most is the text of its sources. Throws a SyntaxError
 * when the bytes are no object and no list.
 */
export function membersOf(json: Buffer): (readonly [key: string, value: Buffer])[] {
  let at = skipSpace(json, 0);
  const isObject = json[at] === byte.objectStart;
  if (!isObject && json[at] !== byte.listStart) throw new SyntaxError("no object and no list");
  const end = isObject ? byte.objectEnd : byte.listEnd;
  const members: (readonly [string, Buffer])[] = [];
  at = skipSpace(json, at + 1);
  while (json[at] !== end && members.length < membersMax) {
    let key = "";
    if (isObject) {
      const keyEnd = endOfValue(json, at);
      key = String(JSON.parse(json.toString("utf8", at, keyEnd)));
      at = skipSpace(json, keyEnd);
      if (json[at] !== byte.colon) throw new SyntaxError("a key without a value");
      at = skipSpace(json, at + 1);
    }
    const valueEnd = endOfValue(json, at);
    members.push([key, json.subarray(at, valueEnd)]);
    at = skipSpace(json, valueEnd);
    if (json[at] === byte.comma) at = skipSpace(json, at + 1);
    else if (json[at] !== end) throw new SyntaxError("it ends within a list or an object");
  }
  return members;
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (isSpace(json[at])) at += 1;
  return at;
}

function isSpace(value: number | undefined): boolean {
  return value === 0x20 || value === 0x0a || value === 0x0d || value === 0x09;
}

/** Behind the last byte of the value that begins here. */
function endOfValue(json: Buffer, from: number): number {
  if (json[from] === byte.quote) return endOfString(json, from);
  if (isStart(json[from])) return endOfNested(json, from);
  let at = from;
  // A number or a word ends before what follows it.
  while (at < json.length && !isSeparator(json[at])) at += 1;
  if (at === from || at === json.length) throw new SyntaxError("it ends before a value does");
  return at;
}

function endOfNested(json: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; ) {
    const value = json[at];
    at = value === byte.quote ? endOfString(json, at) : at + 1;
    if (isStart(value)) depth += 1;
    else if (isEnd(value)) depth -= 1;
    if (depth === 0) return at;
  }
  throw new SyntaxError("it ends within a value");
}

function isStart(value: number | undefined): boolean {
  return value === byte.objectStart || value === byte.listStart;
}

function isEnd(value: number | undefined): boolean {
  return value === byte.objectEnd || value === byte.listEnd;
}

function isSeparator(value: number | undefined): boolean {
  return value === byte.comma || value === byte.colon || isEnd(value) || isSpace(value);
}

function endOfString(json: Buffer, from: number): number {
  for (
    let at = json.indexOf(byte.quote, from + 1);
    at !== -1;
    at = json.indexOf(byte.quote, at + 1)
  ) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === byte.backslash) backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  throw new SyntaxError("it ends within a text");
}
