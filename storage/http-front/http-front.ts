import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip, zstdCompress } from "node:zlib";
import { StorageError } from "../store.ts";
import { type FrontBody, readFrontBody } from "./front-body.ts";
import { FrontError, type FrontStatement, formatOf } from "./front-statement.ts";
import { readStatement } from "./read-statement.ts";
import { toContentType, toStatus } from "./to-status.ts";
import { Turns } from "./turns.ts";

export interface HttpFrontOptions {
  /** Runs a statement. Rejects with an error whose message is ClickHouse's: "Code: 60. DB::Exception: …". */
  readonly execute: (statement: FrontStatement) => Promise<Uint8Array>;
  /** Host names that a request may name; undefined: any. */
  readonly hostsAllowed?: ReadonlySet<string>;
  /** What clients have to send as password, whatever their user; undefined: nothing. */
  readonly password?: string;
  /** Where the rows of an INSERT go until it ends; undefined: rows are refused. */
  readonly incomingFolder?: string;
}

/** Text of a statement, sent and inflated. As ClickHouse's own `max_query_size`. */
const statementBytesMax = 256 * 1024;
/** Statements under way, and those that wait for their turn. */
const statementsMax = 2;
const waitingMax = 16;

/** Counted since it was made. */
export interface FrontStats {
  readonly statements: number;
  readonly failures: number;
  /** Refused before they ran: too large, too many, not spoken here. */
  readonly refused: number;
}

export interface HttpFront {
  readonly handle: RequestListener;
  stats(): FrontStats;
}

/**
 * ClickHouse's HTTP protocol over whatever runs statements: what clients and dashboards need of it. GET or POST /,
 * statement in `?query=` or as body, gzip and zstd both ways, settings and `param_…` in the address; /ping. Results are sent
 * whole. Not spoken: sessions, ClickHouse's own framing of compressed blocks, and the Go driver's revision of Native.
 */
export function createHttpFront(options: HttpFrontOptions): HttpFront {
  const turns = new Turns(statementsMax, waitingMax);
  const counts = { statements: 0, failures: 0, refused: 0 };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { searchParams } = toUrl(request);
    const queryId = searchParams.get("query_id") ?? randomUUID();
    let body: FrontBody | undefined;
    let hasBegun = false;
    try {
      checkOrigin(request, options.hostsAllowed);
      checkPassword(request, searchParams, options.password);
      body = await readFrontBody(request, {
        isData: searchParams.get("query") !== null && searchParams.get("query") !== "",
        textBytesMax: statementBytesMax,
        folder: options.incomingFolder,
      });
      const statement = readStatement(searchParams, headerOf(request, "database"), body.text);
      const { file } = body;
      const startedAt = performance.now();
      const bytes = await turns.take(() => {
        hasBegun = true;
        counts.statements++;
        return options.execute(file === undefined ? statement : { ...statement, dataFile: file });
      });
      const elapsedMs = performance.now() - startedAt;
      setHeaders(response, { queryId, statement, bytes, elapsedMs });
      await send(request, response, bytes, searchParams);
    } catch (cause) {
      if (hasBegun) counts.failures++;
      else counts.refused++;
      sendError(response, queryId, cause);
    } finally {
      await body?.remove();
    }
  };

  return {
    handle: (request, response) => {
      const { pathname } = toUrl(request);
      if (pathname === "/ping") response.end("Ok.\n");
      else if (pathname !== "/") response.writeHead(404).end("There is no such page.\n");
      else if (request.method === "GET" || request.method === "POST")
        void answer(request, response);
      else response.writeHead(405, { Allow: "GET, POST" }).end();
    },
    stats: () => ({ ...counts }),
  };
}

function toUrl(request: IncomingMessage): URL {
  return URL.parse(request.url ?? "/", "http://front") ?? new URL("http://front/404");
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[`x-clickhouse-${name}`];
  return typeof value === "string" ? value : undefined;
}

/** A page of another site must not ask through its visitor's browser, under our name or its own. */
function checkOrigin({ headers }: IncomingMessage, allowed: ReadonlySet<string> | undefined): void {
  const host = URL.parse(`http://${headers.host ?? ""}`)?.hostname ?? "";
  if (headers.origin !== undefined || (allowed !== undefined && !allowed.has(host)))
    throw new FrontError(497, "ACCESS_DENIED", "not for browsers, and for no other host's name");
}

/** As ClickHouse takes it: basic authentication, a header, or the address. */
function checkPassword(
  request: IncomingMessage,
  search: URLSearchParams,
  password: string | undefined,
): void {
  if (password === undefined) return;
  const [, basic = ""] = /^Basic (.+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const [, ofUser] = /^[^:]*:(.*)$/s.exec(Buffer.from(basic, "base64").toString()) ?? [];
  const given = headerOf(request, "key") ?? ofUser ?? search.get("password") ?? "";
  if (timingSafeEqual(sha256(given), sha256(password))) return;
  throw new FrontError(516, "AUTHENTICATION_FAILED", "the password is the API token");
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

interface Answer {
  readonly queryId: string;
  readonly statement: FrontStatement;
  readonly bytes: Uint8Array;
  readonly elapsedMs: number;
}

function setHeaders(response: ServerResponse, answer: Answer): void {
  const { queryId, statement, bytes, elapsedMs } = answer;
  const format = formatOf(statement.sql) ?? statement.format;
  response.setHeader("Content-Type", toContentType(format));
  response.setHeader("X-ClickHouse-Format", format);
  response.setHeader("X-ClickHouse-Query-Id", toHeader(queryId));
  response.setHeader("X-ClickHouse-Server-Display-Name", "culprit");
  response.setHeader("X-ClickHouse-Timezone", "UTC");
  response.setHeader(
    "X-ClickHouse-Summary",
    JSON.stringify({
      // The engine does not say what it has read.
      read_rows: "0",
      read_bytes: "0",
      written_rows: "0",
      written_bytes: "0",
      total_rows_to_read: "0",
      result_rows: "0",
      result_bytes: String(bytes.length),
      elapsed_ns: String(Math.round(elapsedMs * 1e6)),
    }),
  );
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  search: URLSearchParams,
): Promise<void> {
  const accepted = String(request.headers["accept-encoding"] ?? "");
  const encoding = ["zstd", "gzip"].find((name) => accepted.includes(name));
  if (encoding === undefined || search.get("enable_http_compression") !== "1") {
    response.end(bytes);
    return;
  }
  response.setHeader("Content-Encoding", encoding);
  response.end(await (encoding === "zstd" ? promisify(zstdCompress) : promisify(gzip))(bytes));
}

function sendError(response: ServerResponse, queryId: string, thrown: unknown): void {
  const isAway = thrown instanceof StorageError && thrown.code === "STORE_UNAVAILABLE";
  const cause = isAway ? new FrontError(210, "NETWORK_ERROR", thrown.message) : thrown;
  const text = cause instanceof Error ? cause.message : String(cause);
  const message = text.slice(Math.max(0, text.indexOf("Code: ")));
  const code = Number(/^Code: (\d+)\./.exec(message)?.[1] ?? 0);
  response.statusCode = toStatus(code);
  response.setHeader("Connection", "close");
  response.setHeader("Content-Type", "text/plain; charset=UTF-8");
  response.setHeader("X-ClickHouse-Query-Id", toHeader(queryId));
  response.setHeader("X-ClickHouse-Exception-Code", String(code || 1002));
  response.end(
    `${code === 0 ? `Code: 1002. DB::Exception: ${message}. (UNKNOWN_EXCEPTION)` : message}\n`,
  );
}

function toHeader(queryId: string): string {
  return queryId.replaceAll(/[^\w.-]/g, "_").slice(0, 100);
}
