import type { PgClient } from "../instrumentations/pg-classes.ts";
import type { PlanConnection } from "./plan-messages.ts";

/**
 * How to connect to where a client is connected, as the same user. Undefined where that can't be known or handed on: a
 * stream of the application's own making leads elsewhere than host and port say, and a function can't go to another thread.
 */
export function toPlanConnection(client: PgClient): PlanConnection | undefined {
  const { user, database, password, connectionParameters = {} } = client;
  const host = textOf(client.host);
  const port = Number(client.port);
  const isNamed = host?.startsWith("/") || client.connection?.stream?.remotePort === port;
  const isSecretKnown = password === undefined || password === null || typeof password === "string";
  if (host === undefined || !isNamed || !isSecretKnown) return undefined;
  return {
    host,
    port,
    user: textOf(user),
    database: textOf(database),
    password: textOf(password),
    ssl: toPlain(client.ssl ?? connectionParameters.ssl),
    options: textOf(connectionParameters.options),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** pg hides the private key from whoever lists the properties. */
function toPlain(ssl: unknown): unknown {
  if (typeof ssl !== "object" || ssl === null) return ssl;
  return structuredClone({ ...ssl, key: (ssl as { readonly key?: unknown }).key });
}
