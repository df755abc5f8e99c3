import { childrenOf, type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { oncePerText } from "./once-per-text.ts";
import { oncePerTrace } from "./once-per-trace.ts";

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
  const logical = new Int32Array(trace.size).fill(-1);
  const open = [...trace.roots];
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    // Where everything above is transparent, the topmost span has to do.
    const inherited = isTransparent[span] && logical[span] !== -1 ? logical[span]! : span;
    for (const child of childrenOf(trace, span)) {
      logical[child] = inherited;
      open.push(child);
    }
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
  const siblings = countEqualSiblings(trace);
  return Uint8Array.from(trace.kind, (kind, span) => {
    // A database span is a query's wrapper when it has children: an ORM, a pool or a transaction.
    if (trace.dbSystemName[span] !== "") return 1;
    if (kind === spanKind.server || kind === spanKind.consumer) return 0;
    if (isTransparentScope(trace.scopeName[span]!)) return 1;
    if (isTransparentName(trace.name[span]!)) return 1;
    return kind === spanKind.internal && siblings.get(siblingKey(trace, span))! >= loopBodyMin
      ? 1
      : 0;
  });
}

function countEqualSiblings(trace: TraceView): Map<string, number> {
  const count = new Map<string, number>();
  for (let span = 0; span < trace.size; span++) {
    if (trace.kind[span] !== spanKind.internal || trace.dbSystemName[span] !== "") continue;
    const key = siblingKey(trace, span);
    count.set(key, (count.get(key) ?? 0) + 1);
  }
  return count;
}

function siblingKey(trace: TraceView, span: SpanIndex): string {
  return `${trace.parent[span]} ${trace.service[span]} ${trace.name[span]}`;
}
