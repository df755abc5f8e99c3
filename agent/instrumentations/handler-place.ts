import { type CallSite, captureCallSite } from "../evidence/call-site.ts";

/** A router may be mounted at several paths. */
const patternsMax = 32;

/** Where the application has defined a route; told once for each pattern that leads there. */
export class HandlerPlace {
  readonly #site: CallSite;
  readonly #told = new Set<string>();

  private constructor(site: CallSite) {
    this.#site = site;
  }

  /** `entry` is the function of ours that the application has called, or its framework for it. */
  static capture(entry: (...args: never[]) => unknown): HandlerPlace | undefined {
    const site = captureCallSite(entry);
    return site && new HandlerPlace(site);
  }

  /** Undefined when it was told before; `handlerName` is "" for an anonymous function. */
  tell(pattern: string, handlerName = ""): CallSite | undefined {
    if (this.#told.size >= patternsMax || this.#told.has(pattern)) return undefined;
    this.#told.add(pattern);
    const { frames } = this.#site;
    // Of the frame where the route is defined the name is that of whatever defines it.
    const named = frames.slice(0, frames.indexOf("\t") + 1) + handlerName;
    return {
      ...this.#site,
      functionName: handlerName || undefined,
      frames: named + frames.slice(frames.indexOf("\n")),
    };
  }
}
