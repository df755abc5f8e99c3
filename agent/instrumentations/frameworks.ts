import { createRequire } from "node:module";
import type { Tracing } from "../tracing/tracing.ts";
import { ExpressInstrumentation, type ExpressModule } from "./express.ts";
import { instrumentFastify } from "./fastify.ts";
import { HapiInstrumentation } from "./hapi.ts";
import { KoaInstrumentation } from "./koa.ts";
import type { ModuleLoads } from "./module-loads.ts";
import { NestInstrumentation } from "./nest.ts";

/** What frameworks know of a request: its route, the handler's place, and what the handler has thrown. */
export function instrumentFrameworks(
  tracing: Tracing,
  loads: ModuleLoads,
  isOn: (name: string) => boolean,
): void {
  if (isOn("express")) {
    const express = new ExpressInstrumentation(tracing);
    loads.onLoaded("express", (exports) => express.patch(exports as ExpressModule));
  }
  if (isOn("fastify")) instrumentFastify(tracing);
  if (isOn("koa")) {
    const koa = new KoaInstrumentation(tracing);
    loads.onLoaded("koa", (exports) => koa.patchKoa(exports));
    for (const name of ["@koa/router", "koa-router"]) {
      loads.onLoaded(name, (exports) => koa.patchRouter(exports));
      loads.onImported(name, (exports) => koa.patchRouter(exports));
    }
  }
  if (isOn("hapi")) {
    const hapi = new HapiInstrumentation(tracing);
    loads.onLoaded("@hapi/hapi", (exports) => hapi.patch(exports));
  }
  if (isOn("nestjs-core")) {
    const nest = new NestInstrumentation(tracing);
    loads.onLoaded("reflect-metadata", () => nest.patchReflect());
    loads.onLoaded("@nestjs/core", (exports, file) =>
      nest.patchPackage(exports, (request) => createRequire(file())(request)),
    );
    loads.onImported("@nestjs/core", (exports) => nest.patchFile(exports));
  }
}
