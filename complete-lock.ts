import { readFileSync, writeFileSync } from "node:fs";

/**
 * Adds to package-lock.json the packages of other platforms that npm left out: `npm install` drops an optional package
 * that its registry does not have, and `npm ci` then refuses the lock file, everywhere. Run by `npm run lock` after each
 * change of dependencies; where nothing is missing, nothing changes.
 */
interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const file = "package-lock.json";
const lock: { packages: Record<string, LockedPackage> } = JSON.parse(readFileSync(file, "utf8"));

for (const { dev, optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const isLocked = Object.keys(lock.packages).some((path) =>
      path.endsWith(`node_modules/${name}`),
    );
    if (isLocked || !/^\d/.test(version)) continue;
    lock.packages[`node_modules/${name}`] = { version, ...(dev && { dev }), ...toPlatform(name) };
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
writeFileSync(
  file,
  `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`,
);

/** Packages of a platform are named for it: "@biomejs/cli-linux-arm64-musl". */
function toPlatform(name: string): object {
  const os = /darwin|linux|win32|windows|android|freebsd|openharmony/.exec(name)?.[0];
  const cpu = /arm64|x64|ia32|riscv64|s390x|ppc64|loong64|wasm32|arm(?=-)/.exec(name)?.[0];
  const libc = os === "linux" && /(musl|gnu)/.exec(name)?.[0];
  if (!os || !cpu) throw new Error(`${name} does not say which platform it is for`);
  return {
    optional: true,
    os: [os === "windows" ? "win32" : os],
    cpu: [cpu],
    ...(libc && { libc: [libc === "gnu" ? "glibc" : libc] }),
  };
}
