/** What one request may hold. What exceeds a limit is refused (throws) or dropped and counted, as each says. */
export interface DecodeLimits {
  /** Spans, or what else the signal is made of, in a request; more throws TOO_MANY_ROWS. */
  readonly rowsMax: number;
  /** Levels of arrays and key-value lists in an attribute; more throws NESTING_TOO_DEEP. */
  readonly anyValueDepthMax: number;
  /** Bytes of the block; more throws BLOCK_TOO_LARGE. Bounds what a long name repeated on each span can cost. */
  readonly blockBytesMax: number;
  /** Attributes of a span, event, link, resource or scope; the rest is dropped and counted. */
  readonly attributesMax: number;
  /** Events of a span; the rest is dropped and counted. */
  readonly eventsMax: number;
  /** Links of a span; the rest is dropped and counted. */
  readonly linksMax: number;
  /** Buckets, bounds or quantiles of a data point, each; one with more is rejected and counted. */
  readonly bucketsMax: number;
  /** Exemplars of a data point; the rest is dropped and counted. */
  readonly exemplarsMax: number;
  /** Bytes of a string; a longer one is cut and counted. A longer list is replaced by its length, and counted. */
  readonly valueBytesMax: number;
  /** Bytes of an attribute's key; the attribute is dropped and counted. */
  readonly keyBytesMax: number;
  /** Names of services known at a time; a row of another is stored under `overflowName`, and counted. */
  readonly servicesMax: number;
  /** Operations (name and route of spans) known at a time, of a service and of all; another one's name is `overflowName`. */
  readonly operationsOfServiceMax: number;
  readonly operationsMax: number;
}

export const defaultDecodeLimits: DecodeLimits = {
  rowsMax: 100_000,
  anyValueDepthMax: 32,
  blockBytesMax: 128 * 1024 * 1024,
  attributesMax: 1_000,
  eventsMax: 1_000,
  linksMax: 1_000,
  bucketsMax: 1_000,
  exemplarsMax: 100,
  valueBytesMax: 64 * 1024,
  keyBytesMax: 1024,
  servicesMax: 1_000,
  operationsOfServiceMax: 2_000,
  operationsMax: 50_000,
};

/**
 * Commas and opening brackets in a body of JSON. Parsed, `{},` takes twenty times the bytes that it has, and the decoder's
 * thread for seconds; spans, however small their attributes, have nine bytes and more for each.
 */
export const jsonValuesMax = 8_000_000;

/**
 * Distinct attribute keys known at a time: a request may bring at least three quarters as many new ones. Attributes with
 * further keys are dropped and counted.
 */
export const distinctKeysMax = 16_384;

/** Query texts whose shape is remembered, and the bytes of texts and shapes, for each `db.system.name`. */
export const shapeCacheLimits = { entriesMax: 20_000, bytesMax: 32 * 1024 * 1024 };

/** Shapes that are held once for all texts that have them, and the bytes of these shapes. */
export const sharedShapesLimits = { entriesMax: 4_096, bytesMax: 4 * 1024 * 1024 };

/** Query text above this is cut before it is read. */
export const queryTextBytesMax = 32 * 1024;
