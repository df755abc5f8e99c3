import fc from "fast-check";
import { seed } from "./config.ts";

/**
 * Before each file of tests: its properties are asked of the same cases in every run, so that what fails was broken by a
 * change. `CULPRIT_SEED` has other cases made.
 */
fc.configureGlobal({ seed });
