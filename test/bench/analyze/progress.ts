import { print } from "../report.ts";

const everyMs = 15_000;

/** Says every so often how far a long step is; a short one says nothing. */
export function createProgress(what: string): (done: number) => void {
  let saidAt = performance.now();
  return (done) => {
    if (performance.now() - saidAt < everyMs) return;
    saidAt = performance.now();
    print(`  … ${done.toLocaleString("en")} ${what}`);
  };
}
