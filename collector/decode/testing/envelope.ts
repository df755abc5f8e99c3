import fc from "fast-check";
import { toUrlParts } from "../url-template.ts";
import { attributes, type OtlpAttribute, type OtlpValue, text } from "./otlp-model.ts";

/** An export request of any signal as plain data: its items by scope and resource. For tests. */
export type Envelope<Item> = readonly {
  readonly resource: readonly OtlpAttribute[];
  readonly scopes: readonly {
    readonly scope: {
      readonly name: string;
      readonly version: string;
      readonly attributes: readonly OtlpAttribute[];
    };
    readonly items: readonly Item[];
  }[];
}[];

export function envelopeArbitrary<Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Envelope<Item>> {
  const scope = fc.record({
    scope: fc.record({ name: text, version: text, attributes }),
    items: fc.array(item, { maxLength: 4 }),
  });
  return fc.array(fc.record({ resource: attributes, scopes: fc.array(scope, { maxLength: 2 }) }), {
    maxLength: 3,
  });
}

/** One item, of service `shop`. */
export function envelopeOf<Item>(...items: readonly Item[]): Envelope<Item> {
  const scope = { name: "", version: "", attributes: [] };
  const resource = [{ key: "service.name", value: { stringValue: "shop" } }];
  return [{ resource, scopes: [{ scope, items }] }];
}

/** As OTLP/JSON; `signal` as its fields name it: "Logs". */
export function toJsonEnvelope<Item>(
  envelope: Envelope<Item>,
  signal: "Logs" | "Metrics",
  itemsName: string,
): string {
  return JSON.stringify({
    [`resource${signal}`]: envelope.map(({ resource, scopes }) => ({
      resource: { attributes: resource },
      [`scope${signal}`]: scopes.map(({ scope, items }) => ({ scope, [itemsName]: items })),
    })),
  });
}

/** What storage holds of each item, in the plain way: `toRow` of the item, and where it comes from. */
export function toRows<Item>(
  envelope: Envelope<Item>,
  toRow: (item: Item) => object | readonly object[],
): object[] {
  return envelope.flatMap(({ resource, scopes }) =>
    scopes.flatMap(({ scope, items }) => {
      const source = {
        service: toService(resource),
        scopeName: scope.name,
        scopeVersion: scope.version,
        scopeAttributes: toTextPairs(scope.attributes),
      };
      return items.flatMap(toRow).map((row) => ({ ...row, ...source }));
    }),
  );
}

function toService(resource: readonly OtlpAttribute[]): unknown {
  const { value = {} } = resource.find(({ key }) => key === "service.name") ?? {};
  return "stringValue" in value ? value.stringValue : "unknown_service";
}

/** By key: strings as they are, all else as JSON. */
export function toTextPairs(list: readonly OtlpAttribute[]): [string, string][] {
  return toSorted(list, toText);
}

/** Attributes by type; doubles by their bits, for JSON has no NaN. */
export function toAttributeRow(list: readonly OtlpAttribute[]): object {
  const first = withoutRepeats(list);
  const ofType = (type: string) => first.filter(({ value }) => (typeOf(value) ?? "") === type);
  return {
    strings: toSorted(ofType("stringValue"), toText),
    ints: toSorted(ofType("intValue"), toScalar),
    doubles: toSorted(ofType("doubleValue"), (value) => toBits(Number(toScalar(value)))),
    bools: toSorted(ofType("boolValue"), toScalar),
    jsons: toSorted(["arrayValue", "kvlistValue", "bytesValue", ""].flatMap(ofType), toJson),
  };
}

/** Expressions that give the columns of `toAttributeRow`, and those that `toRows` adds. */
export const rowExpressions = `
  arraySort(CAST(attributes, 'Array(Tuple(String, String))')) AS strings,
  arrayMap(a -> (a.1, toString(a.2)), arraySort(CAST(attributes_int, 'Array(Tuple(String, Int64))'))) AS ints,
  arrayMap(
    a -> (a.1, toString(reinterpretAsUInt64(a.2))),
    arraySort(a -> a.1, CAST(attributes_double, 'Array(Tuple(String, Float64))'))) AS doubles,
  arrayMap(a -> (a.1, toString(a.2)), arraySort(CAST(attributes_bool, 'Array(Tuple(String, Bool))'))) AS bools,
  arraySort(CAST(attributes_json, 'Array(Tuple(String, String))')) AS jsons,
  service,
  scope_name AS scopeName,
  scope_version AS scopeVersion,
  arraySort(CAST(scope_attributes, 'Array(Tuple(String, String))')) AS scopeAttributes`;

/** Of a double, as decimal text. */
export function toBits(double: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(double);
  return String(bytes.readBigUInt64LE());
}

/** Of a repeated key the first is kept. */
function withoutRepeats(list: readonly OtlpAttribute[]): readonly OtlpAttribute[] {
  return list.filter(({ key }, i) => list.findIndex((item) => item.key === key) === i);
}

function toSorted(
  list: readonly OtlpAttribute[],
  toValue: (value: OtlpValue, key: string) => string,
): [string, string][] {
  const pairs = withoutRepeats(list).map(({ key, value }): [string, string] => [
    key,
    toValue(value, key),
  ]);
  return pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function typeOf(value: OtlpValue): string | undefined {
  return Object.keys(value)[0];
}

function toScalar(value: OtlpValue): string {
  return String(Object.values(value)[0]);
}

/** Statements are not stored, and of URLs only what hides nothing. */
const statements = new Set(["db.query.text", "db.statement"]);
const urls = new Set(["url.full"]);

/** A string as it is, all else as JSON. */
function toText(value: OtlpValue, key: string): string {
  if (typeOf(value) !== "stringValue") return toJson(value, key);
  if (statements.has(key)) return "REDACTED";
  return urls.has(key) ? toUrlParts(toScalar(value)).redacted : toScalar(value);
}

function toJson(value: OtlpValue, key: string): string {
  const isHidden = statements.has(key) || urls.has(key);
  return JSON.stringify(isHidden ? { stringValue: "REDACTED" } : value);
}
