import type { Tracing } from "../tracing/tracing.ts";
import { addException, answeredRequest, setRoute } from "./answered-request.ts";
import type { Constructor } from "./constructor.ts";
import { Guard } from "./guard.ts";
import { HandlerPlace } from "./handler-place.ts";
import { type Method, wrapMethod } from "./wrap-method.ts";

/** A route of a router, or its middleware, which has no methods. */
interface Layer {
  readonly path: unknown;
  readonly methods: readonly string[];
  readonly stack: readonly Method[];
  [placeKey]?: HandlerPlace | undefined;
}

interface Application {
  readonly context: object;
}

/** A property, since a router that is mounted in another one is copied layer by layer. */
const placeKey = Symbol("culprit.place");

/**
 * Koa with `@koa/router` or `koa-router`. A layer takes the parameters out of the path right before its handlers run,
 * and so says which route answers, also where several match:
 *
 *   router.get("/items/:id", handler)     registered: where the handler is
 *   GET /items/7 ── captures(path) ── handler
 *                   └ /items/:id, prefixes and mounted routers included
 */
export class KoaInstrumentation {
  readonly #tracing: Tracing;
  readonly #guard = new Guard("koa");
  readonly #patched = new WeakSet<object>();

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  /** Errors that no middleware has caught. */
  patchKoa(exports: unknown): void {
    const prototype = prototypeOf(exports, "callback");
    if (prototype === undefined || !this.#isNew(prototype)) return;
    const instrumentation = this;
    wrapMethod<Application>(prototype, "callback", (original) => {
      return function callback(...args) {
        // Applications may put a method of their own into their context before they listen.
        if (instrumentation.#isNew(this.context)) instrumentation.#watchErrors(this.context);
        return Reflect.apply(original, this, args);
      };
    });
  }

  #watchErrors(context: object): void {
    const instrumentation = this;
    wrapMethod(context, "onerror", (original) => {
      return function onerror(...args) {
        instrumentation.#onError(args[0]);
        return Reflect.apply(original, this, args);
      };
    });
  }

  /** Koa calls it without an error, too, when an answer is finished. */
  #onError(error: unknown): void {
    if (error === null || error === undefined || !this.#guard.isActive) return;
    try {
      addException(this.#tracing, error);
    } catch (failure) {
      this.#guard.failed(failure);
    }
  }

  patchRouter(exports: unknown): void {
    const prototype = prototypeOf(exports, "register");
    if (prototype === undefined || !this.#isNew(prototype)) return;
    const instrumentation = this;
    wrapMethod(prototype, "register", (original) => {
      return function register(...args) {
        const layer = Reflect.apply(original, this, args);
        instrumentation.#onRegister(layer, register);
        return layer;
      };
    });
  }

  #onRegister(made: unknown, entry: (...args: never[]) => unknown): void {
    try {
      // Of a list of paths each is registered, and then the router is returned.
      if (!isLayer(made)) return;
      const prototype = Object.getPrototypeOf(made) as object;
      if (this.#isNew(prototype)) this.#patchLayer(prototype);
      if (made.methods.length > 0) made[placeKey] = HandlerPlace.capture(entry);
    } catch (error) {
      this.#guard.failed(error);
    }
  }

  #patchLayer(prototype: object): void {
    const instrumentation = this;
    wrapMethod<Layer>(prototype, "captures", (original) => {
      return function captures(...args) {
        instrumentation.#onRoute(this);
        return Reflect.apply(original, this, args);
      };
    });
  }

  #onRoute(layer: Layer): void {
    if (layer.methods.length === 0 || !this.#guard.isActive) return;
    try {
      const trace = answeredRequest(this.#tracing);
      if (trace === undefined) return;
      setRoute(trace, String(layer.path));
      trace.handler = layer[placeKey]?.tell(trace.route, layer.stack.at(-1)?.name);
    } catch (error) {
      this.#guard.failed(error);
    }
  }

  #isNew(patched: object): boolean {
    if (this.#patched.has(patched)) return false;
    this.#patched.add(patched);
    return true;
  }
}

/** Of the class that a package exports, as itself or by a name, when it has the method. */
function prototypeOf(exports: unknown, method: string): object | undefined {
  const { default: byDefault, Router } = Object(exports) as Record<string, unknown>;
  for (const candidate of [exports, byDefault, Router]) {
    if (typeof candidate !== "function") continue;
    const { prototype } = candidate as Partial<Constructor>;
    if (prototype !== undefined && method in prototype) return prototype;
  }
  return undefined;
}

function isLayer(made: unknown): made is Layer {
  return typeof made === "object" && made !== null && "captures" in made && "methods" in made;
}
