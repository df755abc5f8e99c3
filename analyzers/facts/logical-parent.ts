import { type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { KeyTable } from "./key-table.ts";
import { oncePerText } from "./once-per-text.ts";
import { oncePerTrace } from "./once-per-trace.ts";
import { topDown } from "./top-down.ts";

/**
 * For every span the nearest ancestor that stands for something the user wrote or called; -1 for a root.
 *
 *   GET /orders                      <- the logical parent of all four queries
 *     middleware - session
 *     request handler - /orders
 *       graphql.resolve customer     spans of frameworks, pools and ORMs, and the spans of one loop's body, are
 *         SELECT customers           looked through: calls of one loop meet under one parent
 *       graphql.resolve customer
 *         SELECT customers
 */
export const logicalParents = oncePerTrace((trace): Int32Array => {
  const isTransparent = transparentSpans(trace);
  const logical = new Int32Array(trace.size);
  const order = topDown(trace);
  for (let i = 0; i < order.length; i++) {
    const span = order[i]!;
    const parent = trace.parent[span]!;
    // Where everything above is transparent, the topmost span has to do.
    const looksThrough = parent !== -1 && isTransparent[parent] === 1 && logical[parent] !== -1;
    logical[span] = looksThrough ? logical[parent]! : parent;
  }
  return logical;
});

/** Equal siblings from which on they are the body of a loop. */
const loopBodyMin = 5;

/** Frameworks, ORMs and pools: of our agent's and OpenTelemetry's packages, and of their likes in other languages. */
const transparentScope = new RegExp(
  [
    "instrumentation-(express|connect|koa|hapi|fastify|restify|router|nestjs-core|graphql|knex|mongoose|typeorm|sequelize|dataloader|generic-pool|net|dns)$",
    "^(@fastify/otel|@prisma/instrumentation|prisma|typeorm|drizzle|mikro-orm|@kubiks/otel-drizzle)$",
    "^io[.]opentelemetry[.](hibernate|spring-data|spring-webmvc|servlet|jaxrs|r2dbc|jdbc|hikaricp)\\b",
    "^opentelemetry[.]instrumentation[.](sqlalchemy|django|fastapi|flask|starlette|asgi|wsgi)$",
    "^OpenTelemetry::Instrumentation::(ActiveRecord|ActiveSupport|ActionPack|ActionView|Rack)",
    "[.]EntityFrameworkCore$|/otelgorm$|/otelsql$",
  ].join("|"),
);
const transparentName =
  /^(pg-pool\.connect|pg\.connect|(tcp|tls)\.connect|dns\.lookup|prisma:.*|graphql\..*|(middleware|router|request handler) - .*|([\w-]+[.: ])?\$?transaction|[\w.]*getConnection)$/i;

const isTransparentScope = oncePerText((scope) => transparentScope.test(scope));
const isTransparentName = oncePerText((name) => transparentName.test(name));

function transparentSpans(trace: TraceView): Uint8Array {
  const { kind, dbSystemName, scopeName, name } = trace;
  const isTransparent = new Uint8Array(trace.size);
  for (let span = 0; span < trace.size; span++) {
    // A database span is a query's wrapper when it has children: an ORM, a pool or a transaction.
    if (dbSystemName[span] !== "") isTransparent[span] = 1;
    else if (kind[span] === spanKind.server || kind[span] === spanKind.consumer) continue;
    else if (isTransparentScope(scopeName[span]!)) isTransparent[span] = 1;
    else if (isTransparentName(name[span]!)) isTransparent[span] = 1;
  }
  markLoopBodies(trace, isTransparent);
  return isTransparent;
}

const siblings = new KeyTable();

function markLoopBodies(trace: TraceView, isTransparent: Uint8Array): void {
  const bodies = siblingsOfMany(trace);
  if (bodies.length < loopBodyMin) return;
  const names = trace.codes("name");
  const services = trace.codes("service");
  siblings.reset(bodies.length);
  const groups = bodies.map((span) =>
    siblings.numberOf(trace.parent[span]!, services[span]!, names[span]!),
  );
  const counts = new Uint32Array(siblings.size);
  for (const group of groups) counts[group]!++;
  for (const [i, span] of bodies.entries()) {
    if (counts[groups[i]!]! >= loopBodyMin) isTransparent[span] = 1;
  }
}

/** Spans of the process's own, and no queries, with enough siblings for a loop. */
function siblingsOfMany(trace: TraceView): SpanIndex[] {
  const { size, kind, dbSystemName, parent, roots, childrenStart } = trace;
  const found: SpanIndex[] = [];
  for (let span = 0; span < size; span++) {
    if (kind[span] !== spanKind.internal || dbSystemName[span] !== "") continue;
    const above = parent[span]!;
    const count = above === -1 ? roots.length : childrenStart[above + 1]! - childrenStart[above]!;
    if (count >= loopBodyMin) found.push(span);
  }
  return found;
}
