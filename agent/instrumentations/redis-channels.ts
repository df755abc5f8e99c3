import { load } from "../load-on-demand.ts";
import { moduleClass } from "../module-class.ts";
import { onDemand } from "../on-demand.ts";
import { Guard } from "./guard.ts";
import type { IoredisModule, SanitizeArgs } from "./ioredis.ts";
import { isOwnVersion } from "./is-own-version.ts";
import type { ModuleLoads } from "./module-loads.ts";
import type { CallOptions } from "./outgoing-call.ts";
import type { Command } from "./redis.ts";
import { followCalls } from "./tracing-channel.ts";

/** A file of ioredis. */
interface Tracing {
  readonly sanitizeArgs: SanitizeArgs;
}

const redis = onDemand(() => load("redis"));

/**
 * Redis by an ioredis that publishes its commands; an older one has the contrib package. One that is loaded from a folder is
 * wrapped instead, which costs a tenth: what is left for the channel is one in a bundle.
 */
export function instrumentIoredis(options: CallOptions, loads: ModuleLoads): void {
  const guard = new Guard("ioredis");
  const { contexts } = options.tracing;
  followCalls<Command>({
    name: "ioredis:command",
    guard,
    contexts,
    start: (message, entry) =>
      redis().startCall(options, message, message.args, entry, contexts.current()),
  });
  const wrapped = onDemand(() => new (load("ioredis").IoredisInstrumentation)(options));
  loads.onLoaded("ioredis", (exports, file) => {
    if (!isOwnVersion("ioredis", file())) return;
    const { sanitizeArgs } = moduleClass.createRequire(file())("./tracing") as Tracing;
    if (wrapped().patch(exports as IoredisModule, sanitizeArgs)) guard.unload();
  });
}

/** As ioredis, for the package `redis`. Its arguments begin with the command itself. */
export function instrumentNodeRedis(options: CallOptions): void {
  const { contexts } = options.tracing;
  followCalls<Command>({
    name: "node-redis:command",
    guard: new Guard("redis"),
    contexts,
    start: (message, entry) =>
      redis().startCall(options, message, message.args.slice(1), entry, contexts.current()),
  });
}
