import type { Tracing } from "../tracing/tracing.ts";
import { addException, answeredRequest, setRoute } from "./answered-request.ts";
import type { Guard } from "./guard.ts";
import { HandlerPlace } from "./handler-place.ts";

export interface FastifyInstance {
  readonly version?: string;
  addHook(name: string, hook: (...args: never[]) => unknown): unknown;
}

interface RouteOptions {
  readonly method?: string | readonly string[];
  /** Absent when no route was found. */
  readonly url?: string;
}

interface FastifyRequest {
  readonly method: string;
  /** Made anew by each access. */
  readonly routeOptions?: RouteOptions & { readonly handler?: { readonly name?: string } };
}

/** A handler, and the methods that lead to it. */
interface Handler {
  readonly methods: string | readonly string[];
  readonly name: string;
  readonly place: HandlerPlace;
}

/** Those of one instance. */
const patternsMax = 2_000;

/**
 * Fastify 4 and 5, by the channel on which it publishes an instance that was just made, and by hooks, the way that it
 * has for plugins: the route is known before anything can refuse the request.
 *
 *   Fastify()      published: our hooks are the first
 *   app.get(…)     onRoute: where the handler is
 *   GET /items/7   onRequest: /items/:id ── authentication, validation, handler
 */
export class FastifyInstrumentation {
  readonly #tracing: Tracing;
  readonly #guard: Guard;

  constructor(tracing: Tracing, guard: Guard) {
    this.#tracing = tracing;
    this.#guard = guard;
    guard.subscribe<{ readonly error: unknown }>(
      "tracing:fastify.request.handler:error",
      ({ error }) => addException(tracing, error),
    );
  }

  /** To be called before the application can add anything to it. */
  follow(fastify: FastifyInstance): void {
    const tracing = this.#tracing;
    const guard = this.#guard;
    const handlers = new Map<string, Handler[]>();

    fastify.addHook(
      "onRoute",
      function onRoute(route: RouteOptions & { handler?: { name?: string } }) {
        try {
          const { method = "", url, handler } = route;
          const place = HandlerPlace.capture(onRoute);
          if (url === undefined || place === undefined || handlers.size >= patternsMax) return;
          const known = handlers.get(url) ?? [];
          known.push({ methods: method, name: handler?.name ?? "", place });
          handlers.set(url, known);
        } catch (error) {
          guard.failed(error);
        }
      },
    );

    // Version 4 has no channel for them; this hook sees those that the application does not answer itself.
    if (fastify.version?.startsWith("4.")) {
      const onError = (_request: unknown, _reply: unknown, error: unknown, done: () => void) => {
        addException(tracing, error);
        done();
      };
      fastify.addHook("onError", onError);
    }

    fastify.addHook("onRequest", (request: FastifyRequest, _reply: unknown, done: () => void) => {
      if (guard.isActive) {
        try {
          noteRoute(tracing, request, handlers);
        } catch (error) {
          guard.failed(error);
        }
      }
      done();
    });
  }
}

function noteRoute(
  tracing: Tracing,
  request: FastifyRequest,
  handlers: ReadonlyMap<string, readonly Handler[]>,
): void {
  const trace = answeredRequest(tracing);
  if (trace === undefined) return;
  const url = request.routeOptions?.url;
  if (url === undefined) return;
  setRoute(trace, url);
  const handler = handlers.get(url)?.find(({ methods }) => methods.includes(request.method));
  trace.handler = handler?.place.tell(url, handler.name);
}
