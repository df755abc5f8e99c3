/** The numeric options, to be bound in a detector's SQL by their names. */
export function numericOptions(options: unknown): Record<string, number> {
  return Object.fromEntries(
    Object.entries(options ?? {}).filter(
      (entry): entry is [string, number] => typeof entry[1] === "number",
    ),
  );
}
