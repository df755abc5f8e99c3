import { once } from "node:events";
import { createRequire } from "node:module";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { installLibraries } from "./install-libraries.ts";

type Document = Record<string, unknown>;

/** MongoDB's own encoding, as the driver under test has it. */
interface Bson {
  serialize(document: Document): Uint8Array;
  deserialize(bytes: Uint8Array): Document;
  readonly Long: { fromNumber(value: number): unknown };
}

export interface FakeMongodb {
  /** `mongodb://…` */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Numbers of MongoDB's wire protocol. */
const opCode = { reply: 1, query: 2004, message: 2013 } as const;
const headerBytes = 16;
const messageBytesMax = 48_000_000;

/**
 * Not MongoDB: its server is neither in Debian nor in npm. This fake speaks the wire protocol (OP_MSG, and OP_QUERY for
 * the greeting) over TCP, says of itself that it is the primary of a replica set, and keeps documents in memory: enough
 * for what the apps ask. Anything else is answered with the errors that MongoDB gives. `besideDriver`: a file from which the
 * driver's packages are found, by default the apps'.
 */
export async function startFakeMongodb(besideDriver?: string): Promise<FakeMongodb> {
  const file = besideDriver ?? join(await installLibraries("newest"), "mongodb.cjs");
  const bson = createRequire(file)("bson") as Bson;
  const sockets = new Set<Socket>();
  const database = new FakeDatabase(bson);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    answerEach(socket, bson, (command) => database.run(command));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  database.port = port;
  return {
    url: `mongodb://127.0.0.1:${port}/test`,
    port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function answerEach(socket: Socket, bson: Bson, run: (command: Document) => Document): void {
  let received = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= headerBytes) {
      const length = received.readInt32LE(0);
      if (length < headerBytes || length > messageBytesMax) socket.destroy();
      if (received.length < length) return;
      const message = received.subarray(0, length);
      received = received.subarray(length);
      const isQuery = message.readInt32LE(12) === opCode.query;
      const command = isQuery ? readQuery(message, bson) : readMessage(message, bson);
      const answer = bson.serialize({ ...run(command), $clusterTime: undefined });
      socket.write(toAnswer(message.readInt32LE(4), answer, isQuery));
    }
  });
}

/** Flags, then sections: one is the command, others are lists that belong to it. */
function readMessage(message: Buffer, bson: Bson): Document {
  let command: Document = {};
  const lists: Document = {};
  for (let at = headerBytes + 4; at < message.length; ) {
    const kind = message[at];
    const end = at + 1 + message.readInt32LE(at + 1);
    const section = message.subarray(at + 1, end);
    if (kind === 0) command = bson.deserialize(section);
    else {
      const nameEnd = section.indexOf(0, 4);
      lists[section.toString("utf8", 4, nameEnd)] = readDocuments(section, nameEnd + 1, bson);
    }
    at = end;
  }
  return { ...command, ...lists };
}

function readDocuments(section: Buffer, from: number, bson: Bson): Document[] {
  const documents: Document[] = [];
  for (let at = from; at < section.length; at += section.readInt32LE(at)) {
    documents.push(bson.deserialize(section.subarray(at, at + section.readInt32LE(at))));
  }
  return documents;
}

/** Flags, the collection's name, two numbers, the query. */
function readQuery(message: Buffer, bson: Bson): Document {
  const nameEnd = message.indexOf(0, headerBytes + 4);
  return bson.deserialize(message.subarray(nameEnd + 9));
}

function toAnswer(requestId: number, answer: Uint8Array, isQuery: boolean): Buffer {
  const body = isQuery ? Buffer.alloc(20) : Buffer.alloc(5);
  // Of a reply: one document.
  if (isQuery) body.writeInt32LE(1, 16);
  const header = Buffer.alloc(headerBytes);
  header.writeInt32LE(headerBytes + body.length + answer.length, 0);
  header.writeInt32LE(requestId, 8);
  header.writeInt32LE(isQuery ? opCode.reply : opCode.message, 12);
  return Buffer.concat([header, body, answer]);
}

class MongodbError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

class FakeDatabase {
  port = 0;
  readonly #bson: Bson;
  readonly #collections = new Map<string, Document[]>();
  readonly #cursors = new Map<number, Document[]>();
  #lastCursor = 0;

  constructor(bson: Bson) {
    this.#bson = bson;
  }

  run(command: Document): Document {
    const [name = ""] = Object.keys(command);
    const handler = this.#handlers[name];
    try {
      if (handler === undefined) throw new MongodbError(59, `no such command: '${name}'`);
      return { ok: 1, ...handler(command) };
    } catch (error) {
      if (!(error instanceof MongodbError)) throw error;
      return { ok: 0, code: error.code, codeName: "Fake", errmsg: error.message };
    }
  }

  readonly #handlers: Readonly<Record<string, (command: Document) => Document>> = {
    hello: () => this.#greet(),
    isMaster: () => this.#greet(),
    ismaster: () => this.#greet(),
    ping: () => ({}),
    endSessions: () => ({}),
    create: () => ({}),
    createIndexes: () => ({}),
    commitTransaction: () => ({}),
    abortTransaction: () => ({}),
    insert: (command) => this.#insert(command),
    find: ({ find, filter, limit = 0, batchSize }) => {
      const found = this.#find(find, filter as Document);
      const some = Number(limit) > 0 ? found.slice(0, Number(limit)) : found;
      return this.#toCursor(find, some, batchSize as number | undefined);
    },
    aggregate: ({ aggregate, pipeline }) => {
      let documents = this.#find(aggregate, {});
      for (const stage of pipeline as Document[]) {
        const [operator = ""] = Object.keys(stage);
        if (operator !== "$match") {
          throw new MongodbError(40324, `Unrecognized pipeline stage name: '${operator}'`);
        }
        documents = documents.filter((document) => matches(document, stage.$match as Document));
      }
      return this.#toCursor(aggregate, documents, undefined);
    },
    getMore: ({ getMore, collection, batchSize }) => {
      const id = Number(getMore);
      const rest = this.#cursors.get(id);
      if (rest === undefined) throw new MongodbError(43, `cursor id ${id} not found`);
      const nextBatch = rest.splice(0, (batchSize as number | undefined) ?? rest.length);
      if (rest.length === 0) this.#cursors.delete(id);
      return {
        cursor: { id: this.#toId(rest.length === 0 ? 0 : id), ns: ns(collection), nextBatch },
      };
    },
    killCursors: ({ cursors }) => {
      for (const id of cursors as unknown[]) this.#cursors.delete(Number(id));
      return { cursorsKilled: cursors };
    },
    update: ({ update, updates }) => {
      let n = 0;
      for (const { q, u } of updates as { q: Document; u: { $set: Document } }[]) {
        const [first] = this.#find(update, q);
        if (first === undefined) continue;
        Object.assign(first, u.$set);
        n += 1;
      }
      return { n, nModified: n };
    },
  };

  /** A primary: only replica sets have transactions. */
  #greet(): Document {
    const me = `127.0.0.1:${this.port}`;
    return {
      helloOk: true,
      ismaster: true,
      isWritablePrimary: true,
      setName: "fake",
      setVersion: 1,
      hosts: [me],
      primary: me,
      me,
      maxBsonObjectSize: 16_777_216,
      maxMessageSizeBytes: messageBytesMax,
      maxWriteBatchSize: 100_000,
      logicalSessionTimeoutMinutes: 30,
      minWireVersion: 0,
      maxWireVersion: 21,
      readOnly: false,
    };
  }

  #insert({ insert, documents }: Document): Document {
    const collection = this.#collectionOf(insert);
    for (const [n, document] of (documents as Document[]).entries()) {
      if (collection.some(({ _id }) => String(_id) === String(document._id))) {
        const errmsg = "E11000 duplicate key error";
        return { n, writeErrors: [{ index: n, code: 11_000, errmsg }] };
      }
      collection.push(document);
    }
    return { n: (documents as Document[]).length };
  }

  #find(name: unknown, filter: Document): Document[] {
    return this.#collectionOf(name).filter((document) => matches(document, filter));
  }

  #collectionOf(name: unknown): Document[] {
    const key = String(name);
    let collection = this.#collections.get(key);
    if (collection === undefined) {
      collection = [];
      this.#collections.set(key, collection);
    }
    return collection;
  }

  #toCursor(name: unknown, documents: Document[], batchSize: number | undefined): Document {
    const rest = [...documents];
    const firstBatch = rest.splice(0, batchSize ?? rest.length);
    if (rest.length > 0) {
      this.#lastCursor += 1;
      this.#cursors.set(this.#lastCursor, rest);
    }
    const id = this.#toId(rest.length > 0 ? this.#lastCursor : 0);
    return { cursor: { id, ns: ns(name), firstBatch } };
  }

  #toId(id: number): unknown {
    return this.#bson.Long.fromNumber(id);
  }
}

const ns = (collection: unknown) => `test.${collection}`;

/** Equality, `$in` and `$lte`. */
function matches(document: Document, filter: Document = {}): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    const value = document[field];
    if (typeof wanted !== "object" || wanted === null) return value === wanted;
    const { $lte, $in } = wanted as { $lte?: number; $in?: unknown[] };
    if ($in !== undefined) return $in.some((one) => String(one) === String(value));
    return $lte === undefined ? String(value) === String(wanted) : Number(value) <= $lte;
  });
}
