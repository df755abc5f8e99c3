/** Attributes by type, as storage returns them. */
interface TypedAttributes {
  readonly attributes: Readonly<Record<string, string>>;
  readonly attributesInt: Readonly<Record<string, string>>;
  readonly attributesDouble: Readonly<Record<string, number>>;
  readonly attributesBool: Readonly<Record<string, boolean>>;
  readonly attributesJson: Readonly<Record<string, string>>;
}

/** As the UI shows them: one text for each. */
export function toAttributeTexts(row: TypedAttributes): Record<string, string> {
  return {
    ...row.attributes,
    ...row.attributesInt,
    ...toStrings(Object.entries(row.attributesDouble)),
    ...toStrings(Object.entries(row.attributesBool)),
    ...row.attributesJson,
  };
}

export function toStrings(
  entries: readonly (readonly [string, string | number | boolean])[],
): Record<string, string> {
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
