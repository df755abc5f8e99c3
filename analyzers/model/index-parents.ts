import type { SpanRows } from "./span-rows.ts";

/** Up to so many spans are compared each with each: that is faster than filling a table. */
const comparedMax = 24;

/** The place of each span's parent in `rows`; -1: a root. Spans that name a parent which is not there are counted. */
export function indexParents(
  all: SpanRows,
  rows: Uint32Array,
): { readonly parent: Int32Array; readonly orphans: number } {
  const find = rows.length <= comparedMax ? findByComparing(all, rows) : findInTable(all, rows);
  const parent = new Int32Array(rows.length).fill(-1);
  let orphans = 0;
  for (let i = 0; i < rows.length; i++) {
    const high = all.parentHigh[rows[i]!]!;
    const low = all.parentLow[rows[i]!]!;
    if (high === 0 && low === 0) continue;
    parent[i] = find(high, low);
    if (parent[i] === -1) orphans++;
  }
  return { parent, orphans };
}

/** Ids come from outside: without it, somebody could send such as all fall on one place. */
const seed = Math.floor(Math.random() * 2 ** 32);

type Find = (high: number, low: number) => number;

function findByComparing({ idHigh, idLow }: SpanRows, rows: Uint32Array): Find {
  return (high, low) => {
    // Of equal ids the last counts, as in a table.
    for (let i = rows.length - 1; i >= 0; i--) {
      if (idLow[rows[i]!] === low && idHigh[rows[i]!] === high) return i;
    }
    return -1;
  };
}

/** Open addressing: each place holds a place in `rows`, plus 1; 0 is free. */
function findInTable({ idHigh, idLow }: SpanRows, rows: Uint32Array): Find {
  const mask = 2 ** Math.ceil(Math.log2(rows.length * 2)) - 1;
  const table = new Uint32Array(mask + 1);
  const placeOf = (high: number, low: number) => {
    let place = Math.imul(low ^ seed, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
    place = (Math.imul(place ^ (place >>> 15), 0xc2b2ae35) >>> 8) & mask;
    for (; table[place] !== 0; place = (place + 1) & mask) {
      const row = rows[table[place]! - 1]!;
      if (idLow[row] === low && idHigh[row] === high) break;
    }
    return place;
  };
  for (let i = 0; i < rows.length; i++) {
    table[placeOf(idHigh[rows[i]!]!, idLow[rows[i]!]!)] = i + 1;
  }
  return (high, low) => table[placeOf(high, low)]! - 1;
}
