import type nodeModule from "node:module";

const ownClass: object = typeof module === "undefined" ? {} : module.constructor;

/**
 * What `node:module` exports. The built agent is CommonJS, of which each module is one of this class; loading the package
 * itself takes 5 million instructions of an application's start, for source maps. `registerHooks` and `register` are
 * there only once it is loaded.
 */
export const moduleClass = (
  "createRequire" in ownClass ? ownClass : process.getBuiltinModule("node:module")
) as typeof nodeModule;
