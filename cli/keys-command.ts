import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  generateIngestKey,
  type IngestKey,
  type IngestKeyTerms,
} from "../collector/auth/ingest-key.ts";
import { changeKeyFile, readKeyFile } from "../collector/auth/key-file.ts";
import { type KeyUsage, readKeyUsage, toDay } from "../collector/auth/key-usage.ts";
import { readDataFolder } from "./config.ts";
import { ConfigError } from "./config-error.ts";

/** Where the keys of a data folder are, and what they used. */
export function toKeyFiles(dataFolder: string): {
  readonly keyFile: string;
  readonly usageFile: string;
} {
  return {
    keyFile: join(dataFolder, "ingest-keys.json"),
    usageFile: join(dataFolder, "ingest-keys-usage.json"),
  };
}

const help = `Ingest keys: who may send spans. Without any, on loopback, everybody may.

Usage: culprit keys create --name NAME [options]
       culprit keys list
       culprit keys revoke ID|NAME

A running culprit takes a change within 3 seconds. Senders show a key as "Authorization: Bearer KEY" or "x-api-key: KEY",
with any OpenTelemetry SDK by OTEL_EXPORTER_OTLP_HEADERS="x-api-key=KEY". A key is shown once, when it is made: only its
hash is kept. Several are valid at once: to change one, make the new, move the senders, revoke the old.

Options of all:
  --data FOLDER             the data folder, CULPRIT_DATA [./data]
  --file FILE               this file of keys instead, for CULPRIT_INGEST_KEYS_FILE

Options of create:
  --name NAME               what lists call it
  --services NAME,NAME      spans of other services are rejected
  --kib-per-second NUMBER   decompressed bodies, on average; ten seconds' worth may come at once
  --spans-per-day NUMBER    in UTC; a log record or a data point counts as one
  --expires-days NUMBER     valid so long

Examples:
  culprit keys create --name shop
  culprit keys create --name ci --services shop,cart --kib-per-second 512 --spans-per-day 5000000 --expires-days 30
  culprit keys create --name cluster --file ingest-keys.json
  culprit keys revoke 3f2a91c07b6e
`;

const options = {
  data: { type: "string" },
  file: { type: "string" },
  name: { type: "string" },
  services: { type: "string" },
  "kib-per-second": { type: "string" },
  "spans-per-day": { type: "string" },
  "expires-days": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Flags = Readonly<
  Partial<Record<Exclude<keyof typeof options, "help">, string>> & { help?: boolean }
>;

/** Runs `culprit keys`. Resolves with the exit code. */
export async function keysCommand(args: readonly string[]): Promise<number> {
  try {
    const { flags, words } = parse(args);
    const [action, target, ...rest] = words;
    if (flags.help) return print(help);
    if (rest.length > 0 || (target !== undefined && action !== "revoke")) {
      throw new ConfigError("there is a word too many");
    }
    const { keyFile, usageFile } = toKeyFiles(readDataFolder(flags.data));
    const file = flags.file ?? keyFile;
    if (action === "create") return await create(file, flags);
    if (action === "list") return await list(file, usageFile);
    if (action === "revoke") return await revoke(file, target);
    throw new ConfigError("say create, list or revoke");
  } catch (error) {
    const hint = error instanceof ConfigError ? "\nculprit keys --help has examples." : "";
    process.stderr.write(`culprit: ${error instanceof Error ? error.message : error}${hint}\n`);
    return 1;
  }
}

function parse(args: readonly string[]): { flags: Flags; words: readonly string[] } {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true });
    return { flags: parsed.values, words: parsed.positionals };
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

async function create(file: string, flags: Flags): Promise<number> {
  const nowMs = Date.now();
  const { secret, key } = generateIngestKey(toTerms(flags, nowMs), nowMs);
  await changeKeyFile(file, (keys) => [...keys, key]);
  process.stderr.write(
    `Key ${key.id} (${key.name}) is in ${file}. It is shown this once; only its hash is kept.\n`,
  );
  return print(`${secret}\n`);
}

const dayMs = 86_400_000;

function toTerms(flags: Flags, nowMs: number): IngestKeyTerms {
  const name = flags.name?.trim() ?? "";
  if (name === "" || name.length > 200) {
    throw new ConfigError("--name must be 1 to 200 characters");
  }
  const services = flags.services?.split(",").map((service) => service.trim());
  if (services?.some((service) => service === "" || service.length > 200)) {
    throw new ConfigError("--services must be names with commas between them");
  }
  const kib = toCount("kib-per-second", flags);
  const spansPerDay = toCount("spans-per-day", flags);
  const days = toCount("expires-days", flags);
  return {
    name,
    ...(services && { services }),
    ...(kib && { bytesPerSecond: kib * 1024 }),
    ...(spansPerDay && { spansPerDay }),
    ...(days && { expiresAt: nowMs + days * dayMs }),
  };
}

function toCount(
  name: "kib-per-second" | "spans-per-day" | "expires-days",
  flags: Flags,
): number | undefined {
  const text = flags[name];
  if (text === undefined) return undefined;
  const max = name === "expires-days" ? 36_500 : 1e12;
  if (/^\d{1,13}$/.test(text) && Number(text) > 0 && Number(text) <= max) return Number(text);
  throw new ConfigError(
    `--${name} must be a whole number from 1 to ${max}, not ${JSON.stringify(text)}`,
  );
}

async function list(file: string, usageFile: string): Promise<number> {
  const keys = await readKeyFile(file);
  const usage = await readKeyUsage(usageFile);
  if (keys.length === 0) return print(`No keys in ${file}.\n`);
  const titles = ["ID", "NAME", "STATE", "CREATED", "LAST USED", "SPANS TODAY", "MAY SEND"];
  const nowMs = Date.now();
  const rows = keys.map((key) => toRow(key, usage.get(key.id), nowMs));
  const widths = titles.map((title, i) =>
    Math.max(...[title, ...rows.map((row) => row[i]!)].map((cell) => cell.length)),
  );
  const lines = [titles, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd(),
  );
  return print(`${lines.join("\n")}\n`);
}

function toRow(key: IngestKey, usage: KeyUsage | undefined, nowMs: number): string[] {
  const spansToday = usage?.day === toDay(nowMs) ? usage.rows : 0;
  return [
    key.id,
    key.name,
    toState(key, nowMs),
    toDate(key.createdAt),
    usage ? `${new Date(usage.lastUsedAt).toISOString().slice(0, 19)}Z` : "never",
    key.spansPerDay === undefined ? String(spansToday) : `${spansToday} of ${key.spansPerDay}`,
    [
      key.services?.join(",") ?? "any service",
      ...(key.bytesPerSecond === undefined ? [] : [`${key.bytesPerSecond / 1024} KiB/s`]),
    ].join(", "),
  ];
}

function toState({ revokedAt, expiresAt }: IngestKey, nowMs: number): string {
  if (revokedAt !== undefined) return `revoked ${toDate(revokedAt)}`;
  if (expiresAt === undefined) return "valid";
  return `${expiresAt > nowMs ? "valid until" : "expired"} ${toDate(expiresAt)}`;
}

function toDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

async function revoke(file: string, target: string | undefined): Promise<number> {
  if (target === undefined) throw new ConfigError("say which: an id or a name of the list");
  let id = "";
  await changeKeyFile(file, (keys) => {
    const open = keys.filter(({ revokedAt }) => revokedAt === undefined);
    const found = open.filter((key) => key.id === target || key.name === target);
    if (found.length === 0) throw new ConfigError(`${file} has no valid key of this id or name`);
    if (found.length > 1) throw new ConfigError("several keys have this name: say the id");
    id = found[0]!.id;
    return keys.map((key) => (key.id === id ? { ...key, revokedAt: Date.now() } : key));
  });
  return print(`Key ${id} is revoked; a running culprit refuses it within 3 seconds.\n`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
