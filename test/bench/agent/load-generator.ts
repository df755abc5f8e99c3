import { connect, type Socket } from "node:net";

/**
 * Sends one request again and again over connections that stay open, and says how long answers took. A process of its
 * own, on the core that the application does not have. Costs far less than the application's own answer, and measures in
 * microseconds: of a few milliseconds a tail can be compared.
 *
 *   node load-generator.ts '{"ports":…}'     prints for each turn a LoadResult of each port, as JSON
 */
export interface Load {
  /** More than one take turns: a slice each, in an order that turns. */
  readonly ports: readonly number[];
  readonly turns: number;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly connections: number;
  /** Of a slice: as many requests as answers come for; or, with `perSecond`, sent at a steady rate, whatever comes back. */
  readonly requests: number;
  readonly perSecond: number | undefined;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One request at a time; an answer is known by its length or by its last chunk. */
class Connection {
  readonly #socket: Socket;
  readonly #request: Buffer;
  #onAnswer: (() => void) | undefined;
  #text = "";

  constructor(port: number, request: Buffer, onReady: (connection: Connection) => void) {
    this.#request = request;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => onReady(this));
    this.#socket.on("data", (bytes) => this.#onData(bytes));
    this.#socket.on("error", (error) => {
      throw error;
    });
    this.#socket.on("end", () => {
      if (this.#onAnswer !== undefined) throw new Error("the connection ends without an answer");
    });
  }

  send(onAnswer: () => void): void {
    this.#onAnswer = onAnswer;
    this.#socket.write(this.#request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(bytes: Buffer): void {
    this.#text += bytes.toString("latin1");
    if (!isWhole(this.#text)) return;
    if (!this.#text.startsWith("HTTP/1.1 200")) throw new Error(this.#text.slice(0, 200));
    this.#text = "";
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.();
  }
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head));
  return length === null ? text.endsWith("0\r\n\r\n") : text.length >= head + 4 + Number(length[1]);
}

async function sendLoad(load: Load): Promise<readonly (readonly LoadResult[])[]> {
  const all = await Promise.all(load.ports.map((port) => openConnections(port, load)));
  const results: LoadResult[][] = [];
  for (let turn = 0; turn < load.turns; turn += 1) {
    const ofTurn: LoadResult[] = [];
    for (let place = 0; place < all.length; place += 1) {
      const at = (turn + (turn % 2 === 0 ? place : all.length - place)) % all.length;
      ofTurn[at] = await sendSlice(all[at]!, load);
    }
    results.push(ofTurn);
  }
  for (const connection of all.flat()) connection.close();
  return results;
}

function openConnections(port: number, load: Load): Promise<readonly Connection[]> {
  const request = toRequest(load, port);
  const open = () => new Promise<Connection>((resolve) => new Connection(port, request, resolve));
  return Promise.all(Array.from({ length: load.connections }, open));
}

async function sendSlice(
  connections: readonly Connection[],
  { requests, perSecond }: Load,
): Promise<LoadResult> {
  const startMs = performance.now();
  const durationsMs = await (perSecond === undefined
    ? sendClosed(connections, requests)
    : sendOpen([...connections], requests, perSecond));
  const seconds = (performance.now() - startMs) / 1000;
  durationsMs.sort();
  const at = (share: number) => durationsMs[Math.floor(share * (durationsMs.length - 1))]!;
  return { requests, seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function toRequest({ method, path, body }: Load, port: number): Buffer {
  const content = body
    ? `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
    : "";
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${content}\r\n${body}`,
  );
}

/** The next request of a connection follows the answer to the last one. */
function sendClosed(connections: readonly Connection[], requests: number): Promise<Float64Array> {
  const durationsMs = new Float64Array(requests);
  const { promise, resolve } = Promise.withResolvers<Float64Array>();
  let sent = 0;
  let answered = 0;
  const next = (connection: Connection) => {
    if (sent >= requests) return;
    sent += 1;
    const sentMs = performance.now();
    connection.send(() => {
      durationsMs[answered] = performance.now() - sentMs;
      answered += 1;
      if (answered === requests) resolve(durationsMs);
      else next(connection);
    });
  };
  for (const connection of connections) next(connection);
  return promise;
}

/** Each at its time. One that finds no free connection waits for it, and its wait counts: it is the application's doing. */
function sendOpen(idle: Connection[], requests: number, perSecond: number): Promise<Float64Array> {
  const durationsMs = new Float64Array(requests);
  const { promise, resolve } = Promise.withResolvers<Float64Array>();
  const startMs = performance.now();
  const waitingSinceMs: number[] = [];
  let due = 0;
  let answered = 0;
  const send = (connection: Connection, sinceMs: number) => {
    connection.send(() => {
      durationsMs[answered] = performance.now() - sinceMs;
      answered += 1;
      if (answered === requests) resolve(durationsMs);
      const waiting = waitingSinceMs.shift();
      if (waiting === undefined) idle.push(connection);
      else send(connection, waiting);
    });
  };
  const tick = () => {
    const nowMs = performance.now();
    for (; due < requests && startMs + (due * 1000) / perSecond <= nowMs; due += 1) {
      // The one that rests longest: a server closes those that rest too long.
      const connection = idle.shift();
      if (connection === undefined) waitingSinceMs.push(nowMs);
      else send(connection, nowMs);
    }
    if (due < requests) setTimeout(tick, startMs + (due * 1000) / perSecond - nowMs);
  };
  tick();
  return promise;
}

const result = await sendLoad(JSON.parse(process.argv[2]!) as Load);
process.stdout.write(JSON.stringify(result));
