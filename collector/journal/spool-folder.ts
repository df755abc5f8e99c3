import { join } from "node:path";
import type { FileSystem, JournalFile } from "./journal-file.ts";
import type { JournalTotals } from "./journal-stats.ts";

/** A sidecar that outlived its `.native` file: it only remembers body hashes. */
interface KeptSidecar {
  readonly id: string;
  readonly bytes: number;
  readonly acceptedUntilMs: number;
}

/**
 * The folder of the journal and how many bytes lie in it. No acknowledged row is ever removed to make room; what
 * the store refuses for good goes to `quarantine/` and counts as well, so that the disk's share has one limit:
 *
 *   <id>.native + <id>.sidecar  --inserted-->  <id>.sidecar  --15 minutes-->  (gone)
 *              \--refused-->  quarantine/<id>.native + .sidecar
 */
export class SpoolFolder {
  readonly fs: FileSystem;
  readonly path: string;
  readonly quarantinePath: string;
  /** All files of the journal: open, waiting, kept sidecars, quarantine. */
  bytes = 0;
  readonly #totals: JournalTotals;
  readonly #kept: KeptSidecar[] = [];

  constructor(fs: FileSystem, path: string, totals: JournalTotals) {
    this.#totals = totals;
    this.fs = fs;
    this.path = path;
    this.quarantinePath = join(path, "quarantine");
  }

  /** Files hold what users sent: nobody else may read them. */
  async create(): Promise<void> {
    await this.fs.mkdir(this.quarantinePath, { recursive: true, mode: 0o700 });
  }

  native(id: string): string {
    return join(this.path, `${id}.native`);
  }

  sidecar(id: string): string {
    return join(this.path, `${id}.sidecar`);
  }

  /** Makes names in the folder durable: a file that was fsynced can still be missing after a power cut. */
  async sync(): Promise<void> {
    const handle = await this.fs.open(this.path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** An inserted file: the data go, the body hashes stay for a while. */
  async removeInserted({ id, nativeBytes, sidecarBytes, acceptedUntilMs }: JournalFile) {
    this.keepSidecar({ id, bytes: sidecarBytes, acceptedUntilMs });
    await this.#remove(this.native(id), nativeBytes);
  }

  keepSidecar(sidecar: KeptSidecar): void {
    this.#kept.push(sidecar);
  }

  /** Removes kept sidecars whose last body was accepted before `acceptedMs`. */
  async sweep(acceptedMs: number): Promise<void> {
    while ((this.#kept[0]?.acceptedUntilMs ?? acceptedMs) < acceptedMs) {
      const { id, bytes } = this.#kept.shift()!;
      await this.#remove(this.sidecar(id), bytes);
    }
  }

  /** A file of the folder is as it was, or has these bytes for good. */
  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const handle = await this.fs.open(`${path}.new`, "w", 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await this.fs.rename(`${path}.new`, path);
    await this.sync();
  }

  async removePair(id: string, bytes: number): Promise<void> {
    await this.#remove(this.native(id), bytes);
    await this.#remove(this.sidecar(id), 0);
  }

  /**
   * Both files move back with `mv` to be tried again at the next start. The sidecar goes first: a `.native` file that is
   * left alone by a crash is quarantined at the next start, a sidecar would only be a memory of its hashes.
   */
  async quarantine(id: string): Promise<void> {
    await this.#count(async () => {
      const sidecar = join(this.quarantinePath, `${id}.sidecar`);
      await this.fs.rename(this.sidecar(id), sidecar);
      await this.quarantineNative(id);
    });
  }

  /** As `quarantine`, for a file without a sidecar: nobody knows what in it is whole. */
  async quarantineNative(id: string): Promise<void> {
    await this.fs.rename(this.native(id), join(this.quarantinePath, `${id}.native`));
  }

  async #remove(path: string, bytes: number): Promise<void> {
    await this.#count(async () => {
      await this.fs.rm(path, { force: true });
      this.bytes -= bytes;
    });
  }

  /** A file that can't be moved or removed stays for the next start. */
  async #count(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch {
      this.#totals.failedFiles += 1;
    }
  }
}
