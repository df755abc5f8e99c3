import { createHash } from "node:crypto";
import * as nodeFileSystem from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileSystem } from "./journal-file.ts";
import type { JournalEntry } from "./open-file.ts";

/** How the next inserts fail; "after storing" is a store that died before it could answer. */
export type InsertFailure = "away" | "refused" | "after storing";

/** Takes files as ClickHouse does: once for a token. Blocks are those of `entryForTests`. */
export class StoreForTests {
  readonly filesByToken = new Map<string, Buffer>();
  readonly failures: InsertFailure[] = [];
  /** Fails all inserts while it is set. */
  outage: InsertFailure | undefined;
  inserts = 0;
  readonly #read: (file: string) => Promise<Buffer>;

  /** `read`: of the disk that the journal writes to. */
  constructor(read: (file: string) => Promise<Buffer> = nodeFileSystem.readFile) {
    this.#read = read;
  }

  readonly insert = async (file: string, token: string): Promise<void> => {
    this.inserts += 1;
    const bytes = await this.#read(file);
    const failure = this.outage ?? this.failures.shift();
    if (failure === "away") throw Object.assign(new Error("away"), { code: "STORE_UNAVAILABLE" });
    if (failure === "refused") throw Object.assign(new Error("no"), { code: "INSERT_FAILED" });
    const earlier = this.filesByToken.get(token);
    if (earlier?.equals(bytes) === false) throw new Error(`other bytes for token ${token}`);
    this.filesByToken.set(token, bytes);
    if (failure === "after storing") {
      throw Object.assign(new Error("died"), { code: "STORE_UNAVAILABLE" });
    }
  };

  /** The stored blocks, in order of their tokens. Throws when a file is not made of whole blocks. */
  blocks(): Block[] {
    const tokens = [...this.filesByToken.keys()].sort();
    return tokens.flatMap((token) => toBlocks(this.filesByToken.get(token)!));
  }

  numbers(): number[] {
    return this.blocks().map(({ number }) => number);
  }
}

interface Block {
  readonly number: number;
  readonly length: number;
}

/** A block with its length, its number, and content that depends on both. */
export function entryForTests(
  number: number,
  length = 40,
  rows = 1,
): JournalEntry & { readonly bodyHash: string } {
  const block = Buffer.alloc(length, number % 251);
  block.writeUInt32LE(length, 0);
  block.writeUInt32LE(number, 4);
  const bodyHash = createHash("sha256").update(String(number)).digest("hex");
  return { block, rows, bodyHash, bodyHashes: [bodyHash] };
}

function toBlocks(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let start = 0; start < file.length; ) {
    const length = file.readUInt32LE(start);
    const number = file.readUInt32LE(start + 4);
    const expected = entryForTests(number, length).block;
    if (!file.subarray(start, start + length).equals(expected)) throw new Error("a torn block");
    blocks.push({ number, length });
    start += length;
  }
  return blocks;
}

export async function temporaryFolder(): Promise<string> {
  return await nodeFileSystem.mkdtemp(join(tmpdir(), "culprit-journal-"));
}

/** Called before each operation on an open file; what it throws is the disk's answer. */
export type Fault = (operation: string, path: string) => void | Promise<void>;

export function fileSystemWithFaults(fault: Fault): FileSystem {
  const open: FileSystem["open"] = async (path, flags, mode) => {
    await fault("open", String(path));
    const handle = await nodeFileSystem.open(path, flags, mode);
    return new Proxy(handle, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...parameters: unknown[]) => {
          await fault(String(name), String(path));
          return await Reflect.apply(value, target, parameters);
        };
      },
    });
  };
  return { ...nodeFileSystem, open };
}

export function diskError(code: "ENOSPC" | "EIO"): Error {
  return Object.assign(new Error(`${code}: the disk refused`), { code });
}
