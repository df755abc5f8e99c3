/** Why a profile is taken, as `culprit.profile.trigger`. */
export type ProfileTrigger =
  | "event_loop_block"
  | "event_loop_utilization"
  | "slow_route"
  | "heap_growth"
  | "signal"
  | "continuous";

export interface ProfileBudget {
  /** From the end of a profile to the next one that is triggered. */
  readonly coolDownMs: number;
  readonly profilesPerHourMax: number;
}

/** What happens now and then, such as while a process starts, is no reason: it must come again within a minute. */
const eventsMin = 3;
const eventsWithinMs = 60_000;
const routesMax = 200;
const hourMs = 3_600_000;

/** Decides when a profile is worth its price. Times are of `performance.now()`. */
export class ProfileRules {
  readonly #budget: ProfileBudget;
  readonly #events = new Map<string, number[]>();
  #startsMs: number[] = [];
  #endMs = Number.NEGATIVE_INFINITY;
  #isTaken = false;

  constructor(budget: ProfileBudget) {
    this.#budget = budget;
  }

  /** A block, or a slow request of one route: whether that is often enough. */
  isRecurring(event: string, nowMs: number): boolean {
    const times = (this.#events.get(event) ?? []).filter((it) => it > nowMs - eventsWithinMs);
    times.push(nowMs);
    // The event that was seen least lately goes first.
    this.#events.delete(event);
    this.#events.set(event, times);
    if (this.#events.size > routesMax) this.#events.delete(this.#events.keys().next().value ?? "");
    return times.length >= eventsMin;
  }

  /** Takes it from the budget. What somebody asks for is given unless another one is being taken. */
  mayStart(trigger: ProfileTrigger, nowMs: number): boolean {
    if (this.#isTaken) return false;
    const isAsked = trigger === "signal" || trigger === "continuous";
    this.#startsMs = this.#startsMs.filter((it) => it > nowMs - hourMs);
    const { coolDownMs, profilesPerHourMax } = this.#budget;
    const isInBudget =
      nowMs >= this.#endMs + coolDownMs && this.#startsMs.length < profilesPerHourMax;
    if (!isAsked && !isInBudget) return false;
    if (!isAsked) this.#startsMs.push(nowMs);
    this.#events.clear();
    this.#isTaken = true;
    return true;
  }

  ended(nowMs: number): void {
    this.#isTaken = false;
    this.#endMs = nowMs;
  }
}
