import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findPackageRoot } from "./package-root.ts";

const manifest: unknown = JSON.parse(readFileSync(join(findPackageRoot(), "package.json"), "utf8"));

/** The version of this package. */
export const version: string =
  typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
