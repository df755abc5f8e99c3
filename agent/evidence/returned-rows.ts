/** The part of pg's result that is read. */
export interface PgResult {
  readonly rowCount: number | null;
}

/** Rows returned or affected; a text of several statements has several results. Undefined for BEGIN and its like. */
export function rowsOfPg(result: PgResult | readonly PgResult[] | undefined): number | undefined {
  if (!Array.isArray(result)) return numberIn(result, "rowCount");
  let rows: number | undefined;
  for (const part of result as readonly PgResult[]) {
    if (typeof part?.rowCount === "number") rows = (rows ?? 0) + part.rowCount;
  }
  return rows;
}

/** mysql2 hands over the rows, or for a change a header with `affectedRows`. */
export function rowsOfMysql2(result: unknown): number | undefined {
  if (Array.isArray(result)) return result.length;
  return numberIn(result, "affectedRows");
}

/** The server's reply: `n` for a change, the first batch for a cursor. */
export function rowsOfMongodb(reply: unknown): number | undefined {
  const changed = numberIn(reply, "n");
  if (changed !== undefined || !isObject(reply) || !isObject(reply.cursor)) return changed;
  const batch = reply.cursor.firstBatch ?? reply.cursor.nextBatch;
  return Array.isArray(batch) ? batch.length : undefined;
}

function numberIn(value: unknown, key: string): number | undefined {
  const member = isObject(value) ? value[key] : undefined;
  return typeof member === "number" ? member : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
