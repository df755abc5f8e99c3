import fc from "fast-check";
import { expect, test } from "vitest";
import { buildColumns } from "../../test/support/trace-builder.ts";
import { indexParents } from "./index-parents.ts";
import { toSpanRows } from "./span-rows.ts";

test("few spans and many find the same parents as a map of ids does", () => {
  const hex = (value: bigint) => value.toString(16).padStart(16, "0");
  const id = fc.oneof(
    fc.bigInt({ min: 1n, max: 40n }),
    fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
  );
  const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 80 });
  const spans = ids.chain((all) =>
    fc.tuple(
      fc.constant(all),
      fc.array(fc.oneof(fc.constantFrom(...all), id, fc.constant(0n)), {
        minLength: all.length,
        maxLength: all.length,
      }),
    ),
  );
  fc.assert(
    fc.property(spans, ([own, parents]) => {
      const columns = buildColumns(
        ...own.map((spanId, i) => {
          const parentSpanId = parents[i] === 0n ? "" : hex(parents[i]!);
          return [{ name: "a", spanId: hex(spanId), parentSpanId }, i, i + 1] as const;
        }),
      );
      const placeOf = new Map(own.map((spanId, place) => [spanId, place]));
      const expected = parents.map((parent) => placeOf.get(parent) ?? -1);
      const rows = Uint32Array.from(own.keys());
      const parent = new Int32Array(rows.length);
      const orphans = indexParents(toSpanRows(columns), rows, parent);
      expect([...parent]).toEqual(expected);
      expect(orphans).toBe(expected.filter((at, i) => at === -1 && parents[i] !== 0n).length);
    }),
  );
});
