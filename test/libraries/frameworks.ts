/** An app of test/fixtures/apps/libraries, how its framework writes the pattern of a route, and the app's settings. */
type Framework = readonly [
  name: string,
  library: string,
  route: string,
  settings: Readonly<Record<string, string>>,
];

export const frameworks: readonly Framework[] = [
  ["express", "express", "/items/:id", {}],
  ["fastify", "fastify", "/items/:id", {}],
  ["koa with @koa/router", "koa", "/items/:id", {}],
  ["koa with koa-router", "koa", "/items/:id", { ROUTER: "koa-router" }],
  ["hapi", "hapi", "/items/{id}", {}],
  ["nest on express", "nest", "/items/:id", { PLATFORM: "express" }],
  ["nest on fastify", "nest", "/items/:id", { PLATFORM: "fastify" }],
];
