const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Eight lower-case hex digits of an unsigned 32-bit integer. */
export function wordToHex(word: number): string {
  return (
    hexOfByte[word >>> 24]! +
    hexOfByte[(word >>> 16) & 0xff]! +
    hexOfByte[(word >>> 8) & 0xff]! +
    hexOfByte[word & 0xff]!
  );
}

/** The unsigned 32-bit integer that eight lower-case hex digits from `at` on stand for; -1 when they are none. */
export function hexToWord(text: string, at: number): number {
  let word = 0;
  for (let i = at; i < at + 8; i += 1) {
    const code = text.charCodeAt(i);
    // 0-9, a-f
    if (code >= 48 && code <= 57) word = word * 16 + code - 48;
    else if (code >= 97 && code <= 102) word = word * 16 + code - 87;
    else return -1;
  }
  return word;
}
