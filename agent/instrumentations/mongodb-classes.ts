import type { Constructor } from "./constructor.ts";

/** The parts of MongoDB's driver (4 to 7) that are read or wrapped. */

export interface MongodbModule {
  readonly MongoClient?: Constructor;
  readonly [name: string]: unknown;
}

export interface MongodbConnection {
  /** `host:port` */
  readonly address?: string;
}

export interface MongodbPool {
  readonly address: string;
  readonly availableConnectionCount: number;
  readonly currentCheckedOutCount?: number;
  readonly totalConnectionCount: number;
  readonly waitQueueSize: number;
  readonly options: { readonly maxPoolSize: number };
}

export interface MongodbSession {
  readonly transaction?: { readonly isStarting?: boolean };
}

export interface MongodbCommandOptions {
  readonly session?: MongodbSession | null;
}

/** What a command is about. */
export interface MongodbCommand {
  readonly name: string;
  /** "" when it is about none. */
  readonly collection: string;
  readonly database: string;
  readonly document: object;
  /** Whether some of it may fail while the command as a whole succeeds. */
  readonly isWrite: boolean;
  /** Documents, updates or deletes in it; 0 of any other command. */
  readonly batchSize: number;
}

const writes = new Set(["insert", "update", "delete"]);

/** Commands whose first field is a collection; of any other it may be the name of a user. */
const onCollection = new Set(
  (
    "find insert update delete aggregate findAndModify count distinct mapReduce explain create drop " +
    "createIndexes dropIndexes listIndexes collMod collStats killCursors"
  ).split(" "),
);

/** Of the arguments of `Connection.command`; undefined when they are none. */
export function toMongodbCommand(
  namespace: unknown,
  document: unknown,
): MongodbCommand | undefined {
  if (typeof document !== "object" || document === null) return undefined;
  const [name] = Object.keys(document);
  if (name === undefined) return undefined;
  const fields = document as Record<string, unknown>;
  const named = name === "getMore" ? fields.collection : onCollection.has(name) && fields[name];
  const { db } = (namespace ?? {}) as { db?: unknown };
  return {
    name,
    collection: typeof named === "string" ? named : "",
    database: typeof db === "string" ? db : "",
    document,
    isWrite: writes.has(name),
    batchSize: lengthOf(fields.documents ?? fields.updates ?? fields.deletes),
  };
}

/** Newer drivers have a list that is encoded already. */
function lengthOf(list: unknown): number {
  const { documents = list } = (list ?? {}) as { documents?: unknown };
  return Array.isArray(documents) ? documents.length : 0;
}
