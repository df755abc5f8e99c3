/**
 * What a process can be told of its memory only when it starts. Under full load it holds some 100 MB less with these, for the same
 * CPU (`test/bench/README.md`).
 *
 * - `--max-semi-space-size`: megabytes. The young generation of the main thread would grow to 48 and stay.
 * - `--initial-old-space-size`: megabytes at which V8 first collects the rest of a heap. By itself it begins at a few, and then
 *   collects again and again for buffers that come and go.
 * - `MALLOC_ARENA_MAX`: glibc has up to eight arenas a processor, and each keeps memory that was freed.
 */
const flags = ["--max-semi-space-size=8", "--initial-old-space-size=64"];
const environment = { MALLOC_ARENA_MAX: "2" };

/**
 * Starts the program of this process once more, in its place: the same process id, arguments, folder and standard streams.
 * Does not return then. Returns when that has been done, and where there is no way to.
 * What whoever started us has set counts.
 */
export function startAgainWithFlags(): void {
  const { argv, env, execArgv, execPath, execve, platform } = process;
  if (execArgv.includes(flags[0]!) || execve === undefined || platform === "win32") return;
  execve(execPath, [execPath, ...flags, ...execArgv, ...argv.slice(1)], { ...environment, ...env });
}
