import { setImmediate } from "node:timers/promises";
import type { EngineCalls } from "./engine-calls.ts";
import type {} from "./http-front/front-statement.ts";
import { StorageError, type StorageErrorCode, type Store } from "./store.ts";
import { type Pieces, type StoreCalls, toStore } from "./store-calls.ts";

/** One end of a pipe between two processes or threads. Messages are structured clones, in order. */
export interface Channel {
  /** Does nothing once the channel is closed. */
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
}

type CallName = keyof EngineCalls;

interface Request {
  readonly id: number;
  readonly call: CallName;
  readonly arguments: readonly unknown[];
}

interface Response {
  readonly id: number;
  /** All of the result, or its last piece … */
  readonly value?: unknown;
  /** … or one of those before it. */
  readonly isPart?: true;
  readonly error?: { readonly code: StorageErrorCode; readonly message: string };
}

/** Answers those calls that arrive on the channel. Other messages are left to other listeners. */
export function serveStore(calls: StoreCalls | EngineCalls, channel: Channel): void {
  let isOpen = true;
  channel.onClose(() => {
    isOpen = false;
  });
  channel.onMessage((message) => {
    if (!isRequest(message)) return;
    void answer(calls, message, (response) => {
      if (isOpen) channel.send(response);
    });
  });
}

function isRequest(message: unknown): message is Request {
  return typeof message === "object" && message !== null && "call" in message;
}

async function answer(
  calls: StoreCalls & Partial<EngineCalls>,
  { id, call, arguments: values }: Request,
  send: (response: Response) => void,
): Promise<void> {
  try {
    const method = calls[call] as (...values: readonly unknown[]) => Promise<unknown>;
    const value = await method(...values);
    if (call !== "select") return send({ id, value });
    const pieces = [...(value as Pieces)];
    // Native of no rows may be no bytes at all.
    const last = pieces.pop() ?? new Uint8Array();
    for (const piece of pieces) {
      send({ id, value: piece, isPart: true });
      // A result may be hundreds of megabytes; others have their turn between its pieces.
      await setImmediate();
    }
    send({ id, value: last });
  } catch (cause) {
    const { code, message } = toStorageError(cause);
    send({ id, error: { code, message } });
  }
}

function toStorageError(cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  return new StorageError("QUERY_FAILED", String(cause), cause);
}

/** Calls under way per channel; more are refused, so that a slow store can't fill the memory of its callers. */
const callsMax = 256;

/** The other end of `serveStore`. Closing it leaves the store that is served as it is. */
export function connectStore(channel: Channel): Store {
  const connection = connectCalls(channel);
  return toStore(connection.calls, async () => connection.end("the store was closed"));
}

export interface Connection {
  readonly calls: EngineCalls;
  /** Rejects the calls under way, and those to come, with STORE_UNAVAILABLE. */
  end(reason: string): void;
}

interface Pending {
  /** What came of the result so far. */
  readonly parts: unknown[];
  readonly resolve: (parts: readonly unknown[]) => void;
  readonly reject: (error: StorageError) => void;
}

export function connectCalls(channel: Channel): Connection {
  const pending = new Map<number, Pending>();
  let ended: string | undefined;
  let lastId = 0;

  const end = (reason: string) => {
    ended ??= reason;
    for (const { reject } of pending.values())
      reject(new StorageError("STORE_UNAVAILABLE", reason));
    pending.clear();
  };

  const request = (call: CallName, ...values: readonly unknown[]) =>
    new Promise<readonly unknown[]>((resolve, reject) => {
      const refusal = ended ?? (pending.size >= callsMax ? "too many calls under way" : undefined);
      if (refusal !== undefined) {
        reject(new StorageError("STORE_UNAVAILABLE", refusal));
        return;
      }
      const id = ++lastId;
      channel.send({ id, call, arguments: values } satisfies Request);
      pending.set(id, { parts: [], resolve, reject });
    });

  channel.onClose(() => end("the store's channel closed"));
  channel.onMessage((message) => {
    const { id, value, isPart, error } = message as Response;
    const call = pending.get(id);
    if (call === undefined) return;
    call.parts.push(value);
    if (isPart) return;
    pending.delete(id);
    if (error === undefined) call.resolve(call.parts);
    else call.reject(new StorageError(error.code, error.message));
  });

  const calls: EngineCalls = {
    insertBlocks: async (table, file, token) =>
      void (await request("insertBlocks", table, file, token)),
    insertRows: async (table, rows) => void (await request("insertRows", table, rows)),
    select: async (shape, query, parameters) =>
      (await request("select", shape, query, parameters)) as Pieces,
    administer: async (sql) => (await request("administer", sql))[0] as string,
    read: async (statement) => (await request("read", statement))[0] as Uint8Array,
  };
  return { calls, end };
}
