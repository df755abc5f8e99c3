import { SpanIdTable } from "./span-id-table.ts";
import type { SpanRows } from "./span-rows.ts";

/** Up to so many spans are compared each with each: that is faster than filling a table. */
const comparedMax = 24;

/**
 * Fills `parent` with the place of each span's parent in `rows`, whose ids differ; -1: a root. Returns how many spans name a
 * parent which is not there.
 */
export function indexParents(all: SpanRows, rows: Uint32Array, parent: Int32Array): number {
  const find = rows.length <= comparedMax ? findByComparing(all, rows) : findInTable(all, rows);
  let orphans = 0;
  for (let i = 0; i < rows.length; i++) {
    const high = all.parentHigh[rows[i]!]!;
    const low = all.parentLow[rows[i]!]!;
    const isRoot = high === 0 && low === 0;
    parent[i] = isRoot ? -1 : find(high, low);
    if (!isRoot && parent[i] === -1) orphans++;
  }
  return orphans;
}

type Find = (high: number, low: number) => number;

function findByComparing({ idHigh, idLow }: SpanRows, rows: Uint32Array): Find {
  return (high, low) => {
    for (let i = 0; i < rows.length; i++) {
      if (idLow[rows[i]!] === low && idHigh[rows[i]!] === high) return i;
    }
    return -1;
  };
}

function findInTable(all: SpanRows, rows: Uint32Array): Find {
  const table = new SpanIdTable(all, rows.length);
  for (const row of rows) table.add(row);
  return (high, low) => table.find(high, low);
}
