import type { Tracing } from "../tracing/tracing.ts";
import { addException, answeredRequest } from "./answered-request.ts";
import type { Constructor } from "./constructor.ts";
import { Guard } from "./guard.ts";
import { HandlerPlace } from "./handler-place.ts";
import { type Method, wrapMethod } from "./wrap-method.ts";

/** Files of `@nestjs/core`; up to version 11 they are loaded by `require`, since then by `import`. */
const coreFiles = ["router/router-execution-context", "exceptions/exceptions-handler"];

interface CoreExports {
  readonly RouterExecutionContext?: Constructor;
  readonly ExceptionsHandler?: Constructor;
}

/**
 * NestJS: the route is found by the reader of the framework below it, Express or Fastify. What that one can't see is
 * the controller, since Nest defines all routes itself, and errors, since Nest answers them itself:
 *
 *   @Get(":id")                 Reflect.defineMetadata("path", …): where the handler is
 *   GET /items/7 ── Express or Fastify: /items/:id ── create(…)'s function ── guards, pipes, handler
 *                                                                          └ ExceptionsHandler.next(error)
 */
export class NestInstrumentation {
  readonly #tracing: Tracing;
  readonly #guard = new Guard("nestjs");
  readonly #patched = new WeakSet<object>();
  readonly #places = new WeakMap<object, HandlerPlace>();

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  /** Of `reflect-metadata`, in which decorators leave what they say of a method. */
  patchReflect(): void {
    if (this.#patched.has(Reflect)) return;
    this.#patched.add(Reflect);
    const instrumentation = this;
    wrapMethod(Reflect, "defineMetadata", (original) => {
      return function defineMetadata(...args) {
        const [key, , method] = args;
        if (key === "path" && typeof method === "function") {
          const place = HandlerPlace.capture(defineMetadata);
          if (place !== undefined) instrumentation.#places.set(method, place);
        }
        return Reflect.apply(original, this, args);
      };
    });
  }

  /** What `@nestjs/core` exports; `load` requires another file of it. */
  patchPackage(exports: unknown, load: (request: string) => unknown): void {
    if (typeof exports !== "object" || exports === null || !("NestFactory" in exports)) return;
    if (this.#patched.has(exports)) return;
    this.#patched.add(exports);
    for (const file of coreFiles) this.patchFile(load(`@nestjs/core/${file}`));
  }

  /** What one file of it exports. */
  patchFile(exports: unknown): void {
    const { RouterExecutionContext, ExceptionsHandler } = Object(exports) as CoreExports;
    if (RouterExecutionContext !== undefined) this.#patchOnce(RouterExecutionContext, "router");
    if (ExceptionsHandler !== undefined) this.#patchOnce(ExceptionsHandler, "errors");
  }

  #patchOnce({ prototype }: Constructor, what: "router" | "errors"): void {
    if (this.#patched.has(prototype)) return;
    this.#patched.add(prototype);
    if (what === "router") this.#patchRouter(prototype);
    else this.#patchErrors(prototype);
  }

  #patchRouter(prototype: object): void {
    const instrumentation = this;
    wrapMethod(prototype, "create", (original) => {
      return function create(...args) {
        const handle = Reflect.apply(original, this, args) as Method;
        const [, method] = args;
        const place = typeof method === "function" && instrumentation.#places.get(method);
        if (!place) return handle;
        const { name } = method;
        return function (this: unknown, ...params: unknown[]) {
          instrumentation.#onRequest(place, name);
          return Reflect.apply(handle, this, params);
        };
      };
    });
  }

  #onRequest(place: HandlerPlace, name: string): void {
    if (!this.#guard.isActive) return;
    try {
      const trace = answeredRequest(this.#tracing);
      if (trace !== undefined) trace.handler = place.tell(trace.route, name);
    } catch (error) {
      this.#guard.failed(error);
    }
  }

  #patchErrors(prototype: object): void {
    const instrumentation = this;
    wrapMethod(prototype, "next", (original) => {
      return function next(...args) {
        instrumentation.#onError(args[0]);
        return Reflect.apply(original, this, args);
      };
    });
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
