import { AsyncLocalStorage } from "node:async_hooks";
import type { EventEmitter } from "node:events";
import {
  type Context,
  type ContextManager,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type Span,
} from "@opentelemetry/api";
import { fromBaggageHeader } from "./baggage.ts";
import type { LocalTrace } from "./local-trace.ts";
import { RecordedSpan } from "./recorded-span.ts";
import { marking } from "./request-marks.ts";

// The keys of OpenTelemetry's packages, which make them of these names.
const spanKey = createContextKey("OpenTelemetry Context Key SPAN");
const baggageKey = createContextKey("OpenTelemetry Baggage Key");
const suppressKey = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
const rpcMetadataKey = createContextKey("OpenTelemetry SDK Context Key RPC_METADATA");

/** A context with a span in it. Everything else that a context may hold is in `base`, and that is rarely anything. */
export class ActiveContext implements Context {
  readonly span: Span;
  /** Of the span, when it is one of ours. */
  readonly trace: LocalTrace | undefined;
  readonly base: Context;

  constructor(span: Span, base: Context = ROOT_CONTEXT) {
    this.span = span;
    this.trace = span instanceof RecordedSpan ? span.trace : undefined;
    this.base = base;
  }

  getValue(key: symbol): unknown {
    if (key === spanKey) return this.span;
    const value = this.base.getValue(key);
    if (value !== undefined || this.trace === undefined) return value;
    if (key === baggageKey) return fromBaggageHeader(this.trace.baggage);
    if (key === rpcMetadataKey) return toRpcMetadata(this.trace);
    return undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === spanKey) return new ActiveContext(value as Span, this.base);
    return new ActiveContext(this.span, this.base.setValue(key, value));
  }

  deleteValue(key: symbol): Context {
    if (key === spanKey) return this.base;
    return new ActiveContext(this.span, this.base.deleteValue(key));
  }
}

/** Where contrib instrumentations of frameworks leave the route that they have found. */
function toRpcMetadata(trace: LocalTrace) {
  if (trace.server === undefined) return undefined;
  return {
    type: "http",
    span: trace.server,
    get route() {
      return trace.route;
    },
    set route(route: string) {
      trace.route = route;
    },
  };
}

export function isSuppressed(context: Context | undefined): boolean {
  if (context === undefined || context === ROOT_CONTEXT) return false;
  const values = context instanceof ActiveContext ? context.base : context;
  return values !== ROOT_CONTEXT && values.getValue(suppressKey) === true;
}

/** The baggage to send with a call; "" for none. What the application has set counts more than what came in. */
export function baggageOf(context: Context | undefined): string {
  if (context === undefined) return "";
  const isOwn = context instanceof ActiveContext && context.base === ROOT_CONTEXT;
  if (isOwn) return context.trace?.baggage ?? "";
  const carrier: { baggage?: string } = {};
  propagation.inject(context, carrier);
  return carrier.baggage ?? "";
}

/** The one AsyncLocalStorage of the agent: each more would be copied with every frame of context. */
export class ActiveContexts implements ContextManager {
  readonly storage = new AsyncLocalStorage<Context | undefined>();

  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }

  /** Calls a function in a context; at no price when that is the active one already. */
  call(
    store: Context | undefined,
    fn: (this: unknown, ...args: unknown[]) => unknown,
    self: unknown,
    args: unknown[],
  ): unknown {
    if (
      marking.active !== undefined &&
      store instanceof ActiveContext &&
      store.trace !== undefined
    ) {
      marking.active.mark(store.trace);
    }
    if (this.storage.getStore() === store) return Reflect.apply(fn, self, args);
    return this.storage.run(store, () => Reflect.apply(fn, self, args));
  }

  /** The active context if it has a span. */
  current(): ActiveContext | undefined {
    const store = this.storage.getStore();
    return store instanceof ActiveContext ? store : undefined;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const store = toActive(context);
    return this.storage.run(store, () => Reflect.apply(fn, thisArg, args) as ReturnType<F>);
  }

  bind<T>(context: Context, target: T): T {
    const store = toActive(context);
    if (typeof target === "function") return bindFunction(this.storage, store, target) as T;
    if (isEmitter(target)) bindEmitter(this.storage, store, target);
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.storage.disable();
    return this;
  }
}

/** A context that was made from the API's root has its span among its values. */
function toActive(context: Context): Context {
  if (context instanceof ActiveContext) return context;
  const span = context.getValue(spanKey) as Span | undefined;
  return span === undefined ? context : new ActiveContext(span, context.deleteValue(spanKey));
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Storage = ActiveContexts["storage"];

function bindFunction(storage: Storage, store: Context, target: object): AnyFunction {
  const original = target as AnyFunction;
  const bound: AnyFunction = function (...args) {
    return storage.run(store, () => Reflect.apply(original, this, args));
  };
  Object.defineProperty(bound, "length", { configurable: true, value: original.length });
  return bound;
}

function isEmitter(target: unknown): target is EventEmitter {
  return typeof target === "object" && target !== null && "emit" in target && "on" in target;
}

function bindEmitter(storage: Storage, store: Context, emitter: EventEmitter): void {
  const { emit } = emitter;
  emitter.emit = function (...args) {
    return storage.run(store, () => Reflect.apply(emit, this, args) as boolean);
  };
}
