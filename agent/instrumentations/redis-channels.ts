import { load } from "../load-on-demand.ts";
import { onDemand } from "../on-demand.ts";
import { Guard } from "./guard.ts";
import type { CallOptions } from "./outgoing-call.ts";
import type { Command } from "./redis.ts";
import { followCalls } from "./tracing-channel.ts";

const redis = onDemand(() => load("redis"));

/** Redis by an ioredis that publishes its commands; an older one has the contrib package. */
export function instrumentIoredis(options: CallOptions): void {
  followCalls<Command>({
    name: "ioredis:command",
    guard: new Guard("ioredis"),
    contexts: options.tracing.contexts,
    start: (message, entry) => redis().startCall(options, message, message.args, entry),
  });
}

/** As ioredis, for the package `redis`. Its arguments begin with the command itself. */
export function instrumentNodeRedis(options: CallOptions): void {
  followCalls<Command>({
    name: "node-redis:command",
    guard: new Guard("redis"),
    contexts: options.tracing.contexts,
    start: (message, entry) => redis().startCall(options, message, message.args.slice(1), entry),
  });
}
