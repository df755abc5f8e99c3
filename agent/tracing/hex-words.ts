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

/** The same eight digits, as ASCII. Byte by byte: a view that is handed over is written to by calls. */
export function writeHex(bytes: Uint8Array, at: number, word: number): void {
  const high = fourDigits(word >>> 16);
  bytes[at] = high;
  bytes[at + 1] = high >>> 8;
  bytes[at + 2] = high >>> 16;
  bytes[at + 3] = high >>> 24;
  const low = fourDigits(word & 0xffff);
  bytes[at + 4] = low;
  bytes[at + 5] = low >>> 8;
  bytes[at + 6] = low >>> 16;
  bytes[at + 7] = low >>> 24;
}

/** Of 16 bits, the first digit in the lowest byte: all four at once, for digit by digit takes seven times as long. */
export function fourDigits(bits: number): number {
  const bytes = (bits >>> 8) | ((bits & 0xff) << 16);
  const nibbles = ((bytes & 0x000f000f) << 8) | ((bytes >>> 4) & 0x000f000f);
  const letters = ((nibbles + 0x06060606) >>> 4) & 0x01010101;
  return (nibbles + 0x30303030 + letters * 0x27) | 0;
}

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
