import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../collector-error.ts";
import { type IngestKey, toKeyId } from "./ingest-key.ts";

/** A file of keys that can't be used; the message says why, and holds nothing of a key. */
export class KeyFileError extends Error {}

/** In one file; a request finds its key at once, but a list is read by people. */
const keysMax = 1000;
const textLengthMax = 200;
const servicesMax = 100;

/** The keys of the file in order; none when there is no file. */
export async function readKeyFile(path: string): Promise<readonly IngestKey[]> {
  try {
    return parseKeyFile(await readFile(path, "utf8"), path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/**
 * Changes the file, for its owner's eyes only, in one step: whoever reads it sees the old keys or the new ones. Of two that
 * write at once the second is refused.
 */
export async function changeKeyFile(
  path: string,
  change: (keys: readonly IngestKey[]) => readonly IngestKey[],
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const lock = await lockFile(`${path}.lock`);
  try {
    const keys = change(await readKeyFile(path));
    if (keys.length > keysMax) throw new KeyFileError(`${path} may hold ${keysMax} keys`);
    await replaceFile(path, toText(keys));
  } finally {
    await lock();
  }
}

async function lockFile(path: string): Promise<() => Promise<void>> {
  try {
    await (await open(path, "wx", 0o600)).close();
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    throw new KeyFileError(
      `another command is changing the keys; if none is, remove ${path} and try again`,
    );
  }
  return () => rm(path, { force: true });
}

/** Readers see the old text or the new one, also after a power cut; 0600. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.new`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function toText(keys: readonly IngestKey[]): string {
  const isoTime = (key: string, value: unknown) =>
    key.endsWith("At") ? new Date(Number(value)).toISOString() : value;
  return `${JSON.stringify({ keys: keys.map(({ id: _, ...key }) => key) }, isoTime, 2)}\n`;
}

/** Throws KeyFileError. A field that we don't know may be a limit that is misspelt, so it is refused. */
export function parseKeyFile(text: string, path: string): IngestKey[] {
  const wrong = (what: string): never => {
    throw new KeyFileError(`${path}: ${what}`);
  };
  const file = parseJson(text);
  const keys = isRecord(file) && Array.isArray(file.keys) ? (file.keys as unknown[]) : undefined;
  if (keys === undefined) return wrong('must be JSON: { "keys": [ … ] }');
  if (keys.length > keysMax) wrong(`may hold ${keysMax} keys`);
  const parsed = keys.map((key, i) => {
    if (!isRecord(key)) return wrong(`key ${i + 1} is no object`);
    for (const [field, value] of Object.entries(key)) {
      const isValid = Object.hasOwn(fields, field) && fields[field as keyof typeof fields](value);
      if (!isValid)
        wrong(`key ${i + 1}: ${JSON.stringify(field.slice(0, 40))} is unknown or wrong`);
    }
    if (!("name" in key && "sha256" in key && "createdAt" in key)) {
      wrong(`key ${i + 1} must have name, sha256 and createdAt`);
    }
    return toKey(key);
  });
  if (new Set(parsed.map(({ id }) => id)).size < parsed.length) wrong("the same key stands twice");
  return parsed;
}

const isTime = (value: unknown) => typeof value === "string" && !Number.isNaN(Date.parse(value));
const isName = (value: unknown) =>
  typeof value === "string" && value.trim() !== "" && value.length <= textLengthMax;
const isLimit = (value: unknown) => Number.isSafeInteger(value) && Number(value) > 0;

const fields: Readonly<Record<Exclude<keyof IngestKey, "id">, (value: unknown) => boolean>> = {
  name: isName,
  sha256: (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
  createdAt: isTime,
  expiresAt: isTime,
  revokedAt: isTime,
  services: (value) =>
    Array.isArray(value) && value.length > 0 && value.length <= servicesMax && value.every(isName),
  bytesPerSecond: isLimit,
  spansPerDay: isLimit,
};

/** Every field was checked. */
function toKey(key: Readonly<Record<string, unknown>>): IngestKey {
  const entries = Object.entries(key).map(([field, value]) => [
    field,
    field.endsWith("At") ? Date.parse(String(value)) : value,
  ]);
  return { id: toKeyId(String(key.sha256)), ...Object.fromEntries(entries) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says what it must be; the parser's message would quote the text.
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
