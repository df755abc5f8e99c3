import { join } from "node:path";
import { installInPlace } from "../support/run-npm.ts";

export const programsFolder = join(import.meta.dirname, "../fixtures/programs");

/** Installs what the programs are written with; does nothing when it is there. */
export function installPrograms(): Promise<void> {
  return installInPlace(programsFolder);
}
