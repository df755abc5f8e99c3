import { FrontError, type FrontStatement } from "./front-statement.ts";

/** Parameters of the address that are the protocol's; any other is a setting of ClickHouse. */
const protocolNames = new Set([
  "query",
  "database",
  "default_format",
  "query_id",
  "user",
  "password",
  "role",
  "quota_key",
  "compress",
  "decompress",
  "client_protocol_version",
  "session_id",
  "session_check",
  "session_timeout",
  "enable_http_compression",
  "wait_end_of_query",
  "buffer_size",
  "send_progress_in_http_headers",
  "add_http_cors_header",
]);

/** What would have to be answered in a way that is not spoken here: an answer that looks right would be misread. */
const unspoken = ["compress", "decompress", "session_id", "client_protocol_version"];

/** The statement of a request's address and body. With a `query` in the address, a body is the rows of an INSERT. */
export function readStatement(
  search: URLSearchParams,
  database: string | undefined,
  body: string,
): FrontStatement {
  for (const name of unspoken) {
    if ((search.get(name) ?? "0") === "0") continue;
    throw new FrontError(48, "NOT_IMPLEMENTED", `${name} is not supported by this endpoint`);
  }
  const sql = search.get("query") || body;
  if (sql.trim() === "") throw new FrontError(62, "SYNTAX_ERROR", "Empty query");
  const settings: Record<string, string> = {};
  const parameters: Record<string, string> = {};
  for (const [name, value] of search) {
    if (name.startsWith("param_")) parameters[toName(name.slice("param_".length))] = value;
    else if (!protocolNames.has(name) && !name.startsWith("http_")) settings[toName(name)] = value;
  }
  return {
    sql,
    database: search.get("database") ?? database ?? "",
    format: toName(search.get("default_format") ?? "TabSeparated"),
    settings,
    parameters,
  };
}

/** Names become part of a SET statement. */
function toName(name: string): string {
  if (/^\w{1,100}$/.test(name)) return name;
  throw new FrontError(36, "BAD_ARGUMENTS", "a name has letters, digits and underscores");
}
