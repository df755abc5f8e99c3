import type { EventEmitter } from "node:events";
import type { ActiveContext, ActiveContexts } from "../tracing/active-context.ts";

type Emit = (this: unknown, event: string | symbol, ...args: unknown[]) => boolean;
type EmitOwner = { emit: Emit };
type BoundEmitter = { [contextKey]?: ActiveContext };

const contextKey = Symbol("culprit.bodyContext");
const boundPrototypes = new WeakSet<object>();

/**
 * A body is read in the context of its connection; its listeners belong to the request. So that they are called in the
 * request's, its class has an `emit` of ours from the first body on. To define one on each request, where nobody who
 * lists what it has would see it, is slower.
 */
export function bindBody(
  contexts: ActiveContexts,
  context: ActiveContext,
  request: EventEmitter,
): void {
  const prototype = Object.getPrototypeOf(request) as EmitOwner;
  if (!boundPrototypes.has(prototype)) bindPrototype(contexts, prototype);
  (request as BoundEmitter)[contextKey] = context;
}

function bindPrototype({ storage }: ActiveContexts, prototype: EmitOwner): void {
  boundPrototypes.add(prototype);
  // Asked for each time where it is inherited: somebody else may wrap it later.
  const own = Object.hasOwn(prototype, "emit") ? prototype.emit : undefined;
  const inherited = Object.getPrototypeOf(prototype) as EmitOwner;
  const bound = {
    emit(this: BoundEmitter, event: string | symbol, ...args: unknown[]): boolean {
      const emit = own ?? inherited.emit;
      const context = this[contextKey];
      if (context === undefined) return Reflect.apply(emit, this, [event, ...args]);
      return storage.run(context, () => Reflect.apply(emit, this, [event, ...args]));
    },
  };
  Reflect.defineProperty(prototype, "emit", {
    configurable: true,
    writable: true,
    value: bound.emit,
  });
}
