import { basename, dirname } from "node:path";
import type { FileSystem } from "./journal-file.ts";
import { diskError } from "./store-for-tests.ts";

/** What a disk does wrong, once: a write that stops half-way for want of room, or an operation that fails. */
export interface DiskFault {
  readonly operation: "appendFile" | "open" | "readFile" | "rename" | "rm" | "sync" | "truncate";
  readonly code: "ENOSPC" | "EIO";
}

interface SimulatedFile {
  /** What processes see. */
  bytes: Buffer;
  /** What a power cut leaves at least. */
  durable: Buffer;
}

/**
 * Files in memory that tell what is written from what is safe, for crashes at any step:
 *
 *   process killed   what was written stays
 *   power cut        of a file, what was synced, and some prefix of the rest; of names that were made, moved or removed since
 *                    their folder was synced, some
 *
 * `random` decides what "some" is. After a failed sync nothing that was not synced before is safe.
 */
export class SimulatedDisk {
  readonly #random: () => number;
  #files = new Map<string, SimulatedFile>();
  #durableNames = new Map<string, SimulatedFile>();
  /** The other name of a file that was renamed: both are safe, or neither is. */
  readonly #otherNames = new Map<string, string>();
  #stepsLeft = Number.POSITIVE_INFINITY;
  readonly #faults: DiskFault[] = [];
  isDead = false;
  /** How many of the faults have struck. */
  faultsMet = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The process dies with its step number `steps` from now: the step itself may have its effect, or half of it. */
  crashAfter(steps: number): void {
    this.#stepsLeft = steps;
  }

  failNext(fault: DiskFault): void {
    this.#faults.push(fault);
  }

  /** What the next process finds. */
  restart({ isPowerCut }: { readonly isPowerCut: boolean }): void {
    if (isPowerCut) this.#cutPower();
    this.#stepsLeft = Number.POSITIVE_INFINITY;
    this.#faults.length = 0;
    this.isDead = false;
  }

  /** A step of the process. Throws when it is dead; returns true when it dies in this one. */
  step(): boolean {
    if (this.isDead) throw new Error("the process is dead");
    this.#stepsLeft -= 1;
    if (this.#stepsLeft > 0) return false;
    this.isDead = true;
    return true;
  }

  readonly read = async (path: string): Promise<Buffer> => this.#file(path).bytes;

  readonly fs = {
    mkdir: async () => undefined,
    open: async (path: string, flags: string) => {
      await this.#act("open", () => {
        if (flags === "ax" && this.#files.has(path)) throw new Error(`EEXIST: ${path}`);
        if (flags === "w" || !(flags === "r" || this.#files.has(path))) {
          this.#files.set(path, { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) });
        }
      });
      return flags === "r" ? this.#folderHandle(path) : this.#fileHandle(path);
    },
    readdir: async (folder: string) =>
      [...this.#files.keys()]
        .filter((path) => dirname(path) === folder)
        .map((path) => basename(path)),
    readFile: async (path: string, encoding?: BufferEncoding) => {
      await this.#act("readFile", () => undefined);
      const { bytes } = this.#file(path);
      return encoding === undefined ? bytes : bytes.toString(encoding);
    },
    rename: (from: string, to: string) =>
      this.#act("rename", () => {
        this.#files.set(to, this.#file(from));
        this.#files.delete(from);
        this.#otherNames.set(to, from).set(from, to);
      }),
    rm: (path: string) => this.#act("rm", () => void this.#files.delete(path)),
    stat: async (path: string) => ({ size: this.#file(path).bytes.length }),
    truncate: (path: string, length: number) => this.#truncate(this.#file(path), length),
  } as unknown as FileSystem;

  #folderHandle(folder: string) {
    return {
      sync: () => this.#act("sync", () => this.#syncNames(folder)),
      close: async () => undefined,
    };
  }

  #fileHandle(path: string) {
    const file = this.#file(path);
    const write = (data: Uint8Array | string) => {
      const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
      return this.#act(
        "appendFile",
        () => append(file, bytes),
        () => append(file, bytes.subarray(0, Math.floor(this.#random() * bytes.length))),
      );
    };
    return {
      appendFile: write,
      writev: async (chunks: readonly Uint8Array[]) => {
        const all = Buffer.concat(chunks);
        // A disk may take less than it is given, and say so.
        const bytesWritten =
          this.#random() < 0.8 ? all.length : Math.floor(this.#random() * all.length);
        await write(all.subarray(0, bytesWritten));
        return { bytesWritten };
      },
      writeFile: write,
      truncate: (length: number) => this.#truncate(file, length),
      sync: () =>
        this.#act(
          "sync",
          () => {
            file.durable = file.bytes;
          },
          () => this.#syncSome(file),
        ),
      close: async () => undefined,
    };
  }

  async #truncate(file: SimulatedFile, length: number): Promise<void> {
    await this.#act("truncate", () => {
      file.bytes = file.bytes.subarray(0, length);
    });
  }

  /** `half` is what is done when the operation fails, or the process dies in it and luck decides so. */
  async #act(
    operation: DiskFault["operation"],
    whole: () => void,
    half: () => void = () => undefined,
  ): Promise<void> {
    const dies = this.step();
    const at = this.#faults.findIndex((fault) => fault.operation === operation);
    const [fault] = at === -1 ? [] : this.#faults.splice(at, 1);
    this.faultsMet += Number(fault !== undefined);
    if (fault !== undefined || (dies && this.#random() < 0.5)) half();
    else whole();
    if (dies) throw new Error("the process is dead");
    if (fault !== undefined) throw diskError(fault.code);
  }

  #syncSome(file: SimulatedFile): void {
    const { bytes, durable } = file;
    if (!bytes.subarray(0, durable.length).equals(durable)) return;
    const more = Math.floor(this.#random() * (bytes.length - durable.length));
    file.durable = bytes.subarray(0, durable.length + more);
  }

  #syncNames(folder: string): void {
    for (const path of new Set([...this.#files.keys(), ...this.#durableNames.keys()])) {
      if (dirname(path) === folder) this.#syncName(path);
    }
  }

  #syncName(path: string): void {
    const other = this.#otherNames.get(path);
    this.#otherNames.delete(path);
    const file = this.#files.get(path);
    if (file === undefined) this.#durableNames.delete(path);
    else this.#durableNames.set(path, file);
    if (other !== undefined && this.#otherNames.has(other)) this.#syncName(other);
  }

  #cutPower(): void {
    for (const path of new Set([...this.#files.keys(), ...this.#durableNames.keys()])) {
      if (this.#random() < 0.5) this.#syncName(path);
    }
    this.#otherNames.clear();
    this.#files = new Map(this.#durableNames);
    for (const file of this.#files.values()) {
      this.#syncSome(file);
      file.bytes = file.durable;
    }
  }

  #file(path: string): SimulatedFile {
    const file = this.#files.get(path);
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    return file;
  }
}

function append(file: SimulatedFile, bytes: Uint8Array): void {
  file.bytes = Buffer.concat([file.bytes, bytes]);
}
