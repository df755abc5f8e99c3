import { readFile } from "node:fs/promises";
import { errorCode } from "../collector-error.ts";
import { replaceFile } from "./key-file.ts";

/** What a key has done; the rows are those of the day, in days since 1970 (UTC). */
export interface KeyUsage {
  lastUsedAt: number;
  day: number;
  rows: number;
}

const dayMs = 86_400_000;

export function toDay(nowMs: number): number {
  return Math.floor(nowMs / dayMs);
}

/** Until the day ends, in UTC. */
export function secondsOfDayLeft(nowMs: number): number {
  return Math.ceil((dayMs - (nowMs % dayMs)) / 1000);
}

/** By id of the key; empty when there is no file, or none that can be read: it holds nothing that can't be counted anew. */
export async function readKeyUsage(path: string): Promise<Map<string, KeyUsage>> {
  try {
    const saved: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof saved !== "object" || saved === null) return new Map();
    return new Map(Object.entries(saved).filter(([, usage]) => isUsage(usage)));
  } catch (error) {
    if (errorCode(error) === "ENOENT" || error instanceof SyntaxError) return new Map();
    throw error;
  }
}

export async function writeKeyUsage(
  path: string,
  usage: Readonly<Record<string, KeyUsage>>,
): Promise<void> {
  await replaceFile(path, `${JSON.stringify(usage)}\n`);
}

function isUsage(value: unknown): value is KeyUsage {
  return (
    typeof value === "object" &&
    value !== null &&
    "lastUsedAt" in value &&
    "day" in value &&
    "rows" in value &&
    [value.lastUsedAt, value.day, value.rows].every(Number.isFinite)
  );
}
