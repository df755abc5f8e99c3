import { load } from "../load-on-demand.ts";
import { moduleClass } from "../module-class.ts";
import { onDemand } from "../on-demand.ts";
import type { Tracing } from "../tracing/tracing.ts";
import type { ExpressModule } from "./express.ts";
import type { FastifyInstance } from "./fastify.ts";
import { Guard } from "./guard.ts";
import type { ModuleLoads } from "./module-loads.ts";

/**
 * What frameworks know of a request: its route, the handler's place, and what the handler has thrown. Each is loaded
 * with its framework.
 */
export function instrumentFrameworks(
  tracing: Tracing,
  loads: ModuleLoads,
  isOn: (name: string) => boolean,
): void {
  if (isOn("express")) {
    const express = onDemand(() => new (load("express").ExpressInstrumentation)(tracing));
    loads.onLoaded("express", (exports) => express().patch(exports as ExpressModule));
  }
  if (isOn("fastify")) {
    const guard = new Guard("fastify");
    const fastify = onDemand(() => new (load("fastify").FastifyInstrumentation)(tracing, guard));
    guard.subscribe<{ readonly fastify: FastifyInstance }>("fastify.initialization", (message) =>
      fastify().follow(message.fastify),
    );
  }
  if (isOn("koa")) {
    const koa = onDemand(() => new (load("koa").KoaInstrumentation)(tracing));
    loads.onLoaded("koa", (exports) => koa().patchKoa(exports));
    for (const name of ["@koa/router", "koa-router"]) {
      loads.onLoaded(name, (exports) => koa().patchRouter(exports));
      loads.onImported(name, (exports) => koa().patchRouter(exports));
    }
  }
  if (isOn("hapi")) {
    const hapi = onDemand(() => new (load("hapi").HapiInstrumentation)(tracing));
    loads.onLoaded("@hapi/hapi", (exports) => hapi().patch(exports));
  }
  if (isOn("nestjs-core")) {
    const nest = onDemand(() => new (load("nest").NestInstrumentation)(tracing));
    loads.onLoaded("reflect-metadata", () => nest().patchReflect());
    loads.onLoaded("@nestjs/core", (exports, file) =>
      nest().patchPackage(exports, (request) => moduleClass.createRequire(file())(request)),
    );
    loads.onImported("@nestjs/core", (exports) => nest().patchFile(exports));
  }
}
