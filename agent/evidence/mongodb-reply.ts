import { rowsOfMongodb } from "./returned-rows.ts";

/** A reply of newer drivers: BSON, of which fields are read when they are asked for. */
interface LazyReply {
  /** Of a cursor's batch. */
  readonly batchSize?: unknown;
  getNumber(name: string): number | null;
  get(name: string | number, bsonType: number): LazyReply | null;
  size?(): number;
}

/** Of older ones, where they differ from a lazy one. */
interface PlainReply {
  readonly values?: unknown;
  readonly value?: unknown;
  readonly writeErrors?: unknown;
}

const bsonType = { object: 3, array: 4 } as const;

/** Documents returned or affected. A count is no document. */
export function documentsOf(operation: string, reply: unknown): number | undefined {
  if (!isObject(reply) || operation === "count") return undefined;
  if (isLazy(reply)) return documentsOfLazy(operation, reply);
  const { values, value } = reply as PlainReply;
  if (operation === "distinct") return Array.isArray(values) ? values.length : undefined;
  if (operation === "findAndModify") return isObject(value) ? 1 : 0;
  return rowsOfMongodb(reply);
}

function documentsOfLazy(operation: string, reply: LazyReply): number | undefined {
  if (typeof reply.batchSize === "number") return reply.batchSize;
  if (operation === "distinct") return reply.get("values", bsonType.array)?.size?.();
  if (operation === "findAndModify") return reply.get("value", bsonType.object) === null ? 0 : 1;
  return reply.getNumber("n") ?? undefined;
}

/** A command may succeed and its writes fail: the first error of them, with its `code`. */
export function writeErrorOf(reply: unknown): { readonly code?: unknown } | undefined {
  if (!isObject(reply)) return undefined;
  if (isLazy(reply)) {
    const first = reply.get("writeErrors", bsonType.array)?.get(0, bsonType.object);
    return first ? { code: first.getNumber("code") } : undefined;
  }
  const { writeErrors } = reply as PlainReply;
  const first: unknown = Array.isArray(writeErrors) ? writeErrors[0] : undefined;
  return isObject(first) ? first : undefined;
}

function isLazy(reply: object): reply is LazyReply {
  return "getNumber" in reply && typeof reply.getNumber === "function";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
