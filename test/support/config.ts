const {
  CHROMIUM_PATH,
  CULPRIT_FAULT_ROUNDS,
  CULPRIT_SEED = "1",
  HOME = "/",
  PATH = "/usr/bin:/bin",
  TMPDIR,
} = process.env;

/** A Chromium or Chrome to test with, instead of the ones that `openBrowser` looks for. */
export const chromiumPath: string | undefined = CHROMIUM_PATH || undefined;

/** What every program needs of our environment, and nothing that changes what a test sees (OTEL_*, NODE_OPTIONS …). */
export const bareEnvironment: Readonly<Record<string, string>> = {
  HOME,
  PATH,
  ...(TMPDIR === undefined ? {} : { TMPDIR }),
};

/** Of the cases that properties are asked of: a whole number. */
export const seed = Number(CULPRIT_SEED);

/** How often each fault strikes; undefined: as often as there is time for in `npm test`. `npm run faults` sets it. */
export const faultRounds = CULPRIT_FAULT_ROUNDS ? Number(CULPRIT_FAULT_ROUNDS) : undefined;
