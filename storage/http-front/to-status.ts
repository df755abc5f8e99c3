/** ClickHouse's HTTP status for its error codes, those that clients tell apart; 500 for any other. */
const statuses: ReadonlyMap<number, number> = new Map([
  ...[36, 53, 62, 386, 456].map((code) => [code, 400] as const),
  ...[46, 47, 60, 81, 115].map((code) => [code, 404] as const),
  [48, 501], // NOT_IMPLEMENTED
  [159, 408], // TIMEOUT_EXCEEDED
  [164, 403], // READONLY
  [202, 429], // TOO_MANY_SIMULTANEOUS_QUERIES
  [210, 503], // NETWORK_ERROR
  [223, 413], // QUERY_IS_TOO_LARGE
  [497, 403], // ACCESS_DENIED
  [516, 403], // AUTHENTICATION_FAILED
]);

export function toStatus(code: number): number {
  return statuses.get(code) ?? 500;
}

export function toContentType(format: string): string {
  if (/^JSON(Compact|Columns|Strings)?$/.test(format)) return "application/json; charset=UTF-8";
  if (format.startsWith("JSON")) return "application/x-ndjson; charset=UTF-8";
  if (format.startsWith("CSV")) return "text/csv; charset=UTF-8";
  if (/^(Native|RowBinary|Arrow|Parquet|ORC|MsgPack|Avro)/.test(format))
    return "application/octet-stream";
  return "text/tab-separated-values; charset=UTF-8";
}
