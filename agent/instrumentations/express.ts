import { toRedactedException } from "../tracing/exception-attributes.ts";
import type { LocalTrace } from "../tracing/local-trace.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { answeredRequest, setRoute } from "./answered-request.ts";
import type { Constructor } from "./constructor.ts";
import { Guard } from "./guard.ts";
import { HandlerPlace } from "./handler-place.ts";
import { type Method, wrapMethod } from "./wrap-method.ts";

interface Layer {
  handle: Method;
}

interface Route {
  readonly path?: unknown;
  readonly stack?: readonly Layer[];
}

interface Router {
  readonly stack?: readonly Layer[];
}

interface ExpressRequest {
  readonly baseUrl?: string;
}

/** Express 4 and 5: an application exports `Route` and `Router`; of version 5 both are the package `router`'s. */
export interface ExpressModule {
  readonly Route?: Constructor;
  readonly Router?: Constructor;
}

const mountsMax = 32;

/** What is known of a route; where it is mounted at several paths, the last counts. */
interface KnownRoute {
  /** Undefined when it was not seen being defined. */
  readonly place: HandlerPlace | undefined;
  base: string | undefined;
  /** Of the request's span, with that base. */
  pattern: string;
}

/**
 * The route's pattern for the request's span, without a span for each layer:
 *
 *   app.use("/shops/:shop", router)      entered with baseUrl /shops/7: noted as /shops/:shop
 *   router.get("/items/:id", handler)    dispatched: /shops/:shop + /items/:id
 */
export class ExpressInstrumentation {
  readonly #tracing: Tracing;
  readonly #guard = new Guard("express");
  readonly #patched = new WeakSet<object>();
  readonly #mounts = new WeakMap<object, Map<string, string>>();
  readonly #routes = new WeakMap<object, KnownRoute>();

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  patch({ Route, Router }: ExpressModule): void {
    if (Route === undefined || Router === undefined || this.#patched.has(Route.prototype)) return;
    this.#patched.add(Route.prototype);
    const instrumentation = this;
    wrapMethod<Route>(Route.prototype, "dispatch", (original) => {
      return function dispatch(...args) {
        if (!instrumentation.#guard.isActive) return Reflect.apply(original, this, args);
        return Reflect.apply(original, this, instrumentation.#onDispatch(this, args));
      };
    });
    // In version 4 a router's methods are those of the function itself.
    const prototype = Object.hasOwn(Router, "use") ? Router : Router.prototype;
    wrapMethod<Router>(prototype, "use", (original) => {
      return function use(...args) {
        const layers = this.stack?.length ?? 0;
        const result = Reflect.apply(original, this, args);
        instrumentation.#guard.attempt(() =>
          instrumentation.#onUse(this.stack?.slice(layers) ?? [], args[0]),
        );
        return result;
      };
    });
    wrapMethod(prototype, "route", (original) => {
      return function route(...args) {
        const made = Reflect.apply(original, this, args);
        instrumentation.#guard.attempt(() => instrumentation.#onRoute(made, route));
        return made;
      };
    });
  }

  #onRoute(route: unknown, entry: (...args: never[]) => unknown): void {
    if (typeof route !== "object" || route === null) return;
    const place = HandlerPlace.capture(entry);
    this.#routes.set(route, { place, base: undefined, pattern: "" });
  }

  /** Notes where a router with parameters in its own path is entered; `baseUrl` then holds their values. */
  #onUse(layers: readonly Layer[], path: unknown): void {
    if (typeof path !== "string" || !/[:*{(]/.test(path)) return;
    const instrumentation = this;
    for (const layer of layers) {
      const { handle } = layer;
      if (typeof handle !== "function" || handle.length > 3) continue;
      // Whoever lists routes looks into the handler for its stack.
      layer.handle = new Proxy(handle, {
        apply(target, self, args: unknown[]) {
          instrumentation.#onMount(args[0], path);
          return Reflect.apply(target, self, args);
        },
      });
    }
  }

  #onMount(request: unknown, path: string): void {
    if (!this.#guard.isActive) return;
    try {
      const { baseUrl = "" } = request as ExpressRequest;
      const mounts = this.#mounts.get(request as object) ?? new Map<string, string>();
      if (mounts.size >= mountsMax) return;
      const segments = path.split("/").filter(Boolean).length;
      const outer = baseUrl
        .split("/")
        .slice(0, -segments || undefined)
        .join("/");
      mounts.set(baseUrl, (mounts.get(outer) ?? outer) + path);
      this.#mounts.set(request as object, mounts);
    } catch (error) {
      this.#guard.failed(error);
    }
  }

  #onDispatch(route: Route, args: unknown[]): unknown[] {
    try {
      const trace = answeredRequest(this.#tracing);
      if (trace === undefined) return args;
      this.#noteRoute(trace, route, args[0] as ExpressRequest);
      const { server } = trace;
      const next = args[2];
      if (typeof next !== "function") return args;
      const onNext = function (this: unknown, ...results: unknown[]) {
        const [error] = results;
        if (error && error !== "route" && error !== "router") {
          server?.addEvent("exception", toRedactedException(error));
        }
        return Reflect.apply(next, this, results);
      };
      // Not the same list, changed: with that V8's young generation freed no request any more.
      return args.with(2, onNext);
    } catch (error) {
      this.#guard.failed(error);
      return args;
    }
  }

  #noteRoute(trace: LocalTrace, route: Route, request: ExpressRequest): void {
    const base = this.#baseOf(request);
    let known = this.#routes.get(route);
    if (known === undefined) {
      known = { place: undefined, base: undefined, pattern: "" };
      this.#routes.set(route, known);
    }
    if (known.base === base) {
      trace.route = known.pattern;
      trace.handler = undefined;
      return;
    }
    const path = Array.isArray(route.path) ? route.path.join(",") : String(route.path ?? "");
    setRoute(trace, base + path);
    known.base = base;
    known.pattern = trace.route;
    trace.handler = known.place?.tell(trace.route, route.stack?.at(-1)?.handle.name);
  }

  #baseOf(request: ExpressRequest): string {
    const { baseUrl = "" } = request;
    const mounts = this.#mounts.get(request);
    if (mounts === undefined) return baseUrl;
    let longest = "";
    for (const base of mounts.keys()) {
      if (base.length > longest.length && baseUrl.startsWith(base)) longest = base;
    }
    return longest === "" ? baseUrl : mounts.get(longest) + baseUrl.slice(longest.length);
  }
}
