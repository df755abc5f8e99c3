import type { CallFrame, ProfiledFrames } from "./profiled-frames.ts";

const stacksMax = 60;
const charactersMax = 12_000;
const framesMax = 40;

/**
 * Stacks as flame graphs read them, the heaviest first: `main (app.ts:3);[express];list (orders.ts:9) 1200`. What lies
 * within a package is one frame, so that stacks which differ there only are one.
 */
export class StackFolder {
  readonly #frames: ProfiledFrames;
  readonly #weights = new Map<string, number>();

  constructor(frames: ProfiledFrames) {
    this.#frames = frames;
  }

  /** Innermost frame first, without the root. */
  add(stack: readonly CallFrame[], weight: number): void {
    const [leaf, ...callers] = stack.map((frame) => this.#frames.of(frame));
    if (leaf === undefined || weight <= 0) return;
    const names = [leaf.label];
    for (const { label, owner } of callers) {
      const name = owner === "" ? label : `[${owner}]`;
      const isSame = names.at(-1) === name || (owner !== "" && names.at(-1)?.endsWith(name));
      if (!isSame) names.push(name);
    }
    const text = names.slice(0, framesMax).reverse().join(";");
    this.#weights.set(text, (this.#weights.get(text) ?? 0) + weight);
  }

  toText(): string {
    const heaviest = [...this.#weights].sort(([, a], [, b]) => b - a).slice(0, stacksMax);
    let text = "";
    for (const [stack, weight] of heaviest) {
      const line = `${stack} ${Math.round(weight)}\n`;
      if (text.length + line.length > charactersMax) break;
      text += line;
    }
    return text.trimEnd();
  }
}
