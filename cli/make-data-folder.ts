import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { ConfigError } from "./config-error.ts";

/** Throws ConfigError, with what to do, when the folder can't be made or written. */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConfigError(
      `the data folder can't be used: ${(error as Error).message}. Choose another with --data (CULPRIT_DATA), or let this user write there.`,
    );
  }
}
