import type { RecordedSpan } from "./recorded-span.ts";

/** Of one route and minute, all are kept up to here: nobody can tell what is usual of fewer. */
const rareMax = 10;
const minuteMs = 60_000;
/** Further routes are as rare as the first time. */
const routesMax = 1_000;
/** In balance when one of twenty is above: ln(up) · 0.05 = -ln(down) · 0.95. */
const up = 1.05;
const down = 0.99744;

interface Route {
  minute: number;
  ofMinute: number;
  /** An estimate of the duration that one of twenty requests exceeds; it moves a little with each. */
  slowMs: number;
}

/** What is usual of each route, by the names of local roots, such as `GET /orders/:id`. */
export class RouteHistory {
  readonly #routes = new Map<string, Route>();

  /** Whether a request is among the first ten of its route in a minute, or slower than 19 of 20. It counts as one. */
  isRareOrSlow({ name, startMs, endMs }: RecordedSpan): boolean {
    const durationMs = endMs - startMs;
    const minute = Math.floor(endMs / minuteMs);
    const route = this.#routes.get(name);
    if (route === undefined) {
      if (this.#routes.size < routesMax) {
        this.#routes.set(name, { minute, ofMinute: 1, slowMs: durationMs });
      }
      return true;
    }
    if (route.minute !== minute) {
      route.minute = minute;
      route.ofMinute = 0;
    }
    route.ofMinute += 1;
    const isSlow = durationMs > route.slowMs;
    route.slowMs = Math.max(route.slowMs * (isSlow ? up : down), 0.001);
    return isSlow || route.ofMinute <= rareMax;
  }
}
