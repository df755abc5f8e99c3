import type { Tracing } from "../tracing/tracing.ts";
import { addException, answeredRequest, setRoute } from "./answered-request.ts";
import { Guard } from "./guard.ts";
import { HandlerPlace } from "./handler-place.ts";
import { wrapMethod } from "./wrap-method.ts";

interface Route {
  readonly path: string;
  /** `_special` of the answer to a request without a route. */
  readonly method: string;
  readonly settings?: { readonly handler?: { readonly name?: string } };
}

interface HapiServer {
  readonly _core?: { readonly router?: object };
  readonly events: { on(criteria: object, listener: (...args: never[]) => void): unknown };
}

/**
 * Hapi 20 and 21. Each server has one router; it is given each route with its object, and gives that object back for
 * each request:
 *
 *   server.route({ path: "/items/{id}", … })   router.add(…, route): where the route is defined
 *   GET /items/7                               router.route(…) is { route, params }
 */
export class HapiInstrumentation {
  readonly #tracing: Tracing;
  readonly #guard = new Guard("hapi");
  readonly #patched = new WeakSet<object>();
  readonly #places = new WeakMap<object, HandlerPlace>();

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  patch(exports: unknown): void {
    if (typeof exports !== "object" || exports === null || this.#patched.has(exports)) return;
    if (!("server" in exports)) return;
    this.#patched.add(exports);
    const instrumentation = this;
    for (const name of ["server", "Server"]) {
      wrapMethod(exports, name, (original) => {
        return function server(...args) {
          const made = Reflect.apply(original, this, args);
          instrumentation.#onServer(made);
          return made;
        };
      });
    }
  }

  #onServer(made: unknown): void {
    try {
      const server = made as HapiServer;
      const router = server._core?.router;
      if (router === undefined) return;
      this.#patchRouter(router);
      // Hapi tells of an error for which it answers 500 only when that is sent, and the span has ended.
      server.events.on(
        {
          name: "request",
          channels: ["internal"],
          filter: { tags: ["handler", "error"], all: true },
        },
        (_request: unknown, event: { readonly error?: unknown }) => this.#onError(event.error),
      );
    } catch (error) {
      this.#guard.failed(error);
    }
  }

  #patchRouter(router: object): void {
    const instrumentation = this;
    wrapMethod(router, "add", (original) => {
      return function add(...args) {
        const place = HandlerPlace.capture(add);
        const [, route] = args;
        if (place !== undefined && typeof route === "object" && route !== null) {
          instrumentation.#places.set(route, place);
        }
        return Reflect.apply(original, this, args);
      };
    });
    wrapMethod(router, "route", (original) => {
      return function route(...args) {
        const match = Reflect.apply(original, this, args);
        instrumentation.#onMatch(match);
        return match;
      };
    });
  }

  #onMatch(match: unknown): void {
    if (!this.#guard.isActive) return;
    try {
      const trace = answeredRequest(this.#tracing);
      const { route } = match as { readonly route?: Route };
      if (trace === undefined || route === undefined || route.method === "_special") return;
      setRoute(trace, route.path);
      trace.handler = this.#places.get(route)?.tell(trace.route, route.settings?.handler?.name);
    } catch (error) {
      this.#guard.failed(error);
    }
  }

  #onError(error: unknown): void {
    if (!this.#guard.isActive) return;
    try {
      addException(this.#tracing, error);
    } catch (failure) {
      this.#guard.failed(failure);
    }
  }
}
