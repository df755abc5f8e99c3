import type { NativeColumn, NativeColumns } from "../../storage/native-columns.ts";

/** A result's columns as lists, to compare with; bytes in hex. */
export function toPlainColumns({ columns }: NativeColumns): Record<string, (string | number)[]> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, toValues(column)]),
  );
}

function toValues(column: NativeColumn): (string | number)[] {
  if (column.kind === "numbers") return Array.from(column.values);
  if (column.kind === "texts") return Array.from(column.places, (place) => column.values[place]!);
  const { size } = column;
  const hex = Buffer.from(column.values).toString("hex");
  return Array.from({ length: column.values.length / size }, (_, i) =>
    hex.slice(i * 2 * size, (i + 1) * 2 * size),
  );
}
