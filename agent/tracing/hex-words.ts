/** Eight lower-case hex digits of a 32-bit integer. */
export function wordToHex(word: number): string {
  return String.fromCharCode(
    digit(word >>> 28),
    digit((word >>> 24) & 15),
    digit((word >>> 20) & 15),
    digit((word >>> 16) & 15),
    digit((word >>> 12) & 15),
    digit((word >>> 8) & 15),
    digit((word >>> 4) & 15),
    digit(word & 15),
  );
}

/** The same eight digits, as ASCII. */
export function writeHex(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = digits[word >>> 28]!;
  bytes[at + 1] = digits[(word >>> 24) & 15]!;
  bytes[at + 2] = digits[(word >>> 20) & 15]!;
  bytes[at + 3] = digits[(word >>> 16) & 15]!;
  bytes[at + 4] = digits[(word >>> 12) & 15]!;
  bytes[at + 5] = digits[(word >>> 8) & 15]!;
  bytes[at + 6] = digits[(word >>> 4) & 15]!;
  bytes[at + 7] = digits[word & 15]!;
}

const digits = Uint8Array.from("0123456789abcdef", (character) => character.charCodeAt(0));

function digit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/** The signed 32-bit integer that eight lower-case hex digits from `at` on stand for; undefined when they are none. */
export function hexToWord(text: string, at: number): number | undefined {
  let word = 0;
  for (let i = at; i < at + 8; i += 1) {
    const code = text.charCodeAt(i);
    // 0-9, a-f
    if (code >= 48 && code <= 57) word = (word << 4) | (code - 48);
    else if (code >= 97 && code <= 102) word = (word << 4) | (code - 87);
    else return undefined;
  }
  return word;
}
