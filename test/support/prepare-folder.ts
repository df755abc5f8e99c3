import { chmod, lstat, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder in the system's temp folder that is filled once and kept for later runs; every user may read it. It is
 * filled aside and then renamed, so whoever looks at the same time sees the whole folder or none.
 */
export async function prepareFolder(
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const home = join(tmpdir(), `culprit-${name}-${process.getuid?.()}`);
  if (await isOurFolder(home)) return home;

  const aside = await mkdtemp(`${home}-`);
  try {
    await fill(aside);
    await chmod(aside, 0o755);
    await rename(aside, home);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!isTaken(error)) throw error;
  }
  return home;
}

/** A folder that somebody else put under our name is refused: programs are run from it. */
async function isOurFolder(folder: string): Promise<boolean> {
  const stat = await lstat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (stat === undefined) return false;
  if (stat.isDirectory() && stat.uid === process.getuid?.()) return true;
  throw new Error(`${folder} belongs to somebody else: remove it, or set TMPDIR to another folder`);
}

/** Another process was faster; its folder is as good as ours. */
function isTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOTEMPTY" || code === "EEXIST";
}
