import type { LoadFnOutput } from "node:module";
import { moduleClass } from "../module-class.ts";
import { Guard } from "./guard.ts";
import { isImportSafe } from "./is-import-safe.ts";

const importedKey = Symbol.for("culprit.imported");

type Load = (this: unknown, request: string, parent: unknown, isMain: boolean) => unknown;

/** `file` finds the file that was loaded. */
type Patch = (exports: unknown, file: () => string) => void;

interface ModuleLoader {
  _load: Load;
  readonly _cache: Record<string, { exports: unknown } | undefined>;
}

/**
 * Sees packages when they are first loaded, by `require`, and by `import` of a CommonJS package, which Node loads the
 * same way under its file's name. Only packages that somebody waits for are looked at.
 */
export class ModuleLoads {
  readonly #guard = new Guard("loading of modules");
  readonly #patches = new Map<string, Patch>();
  readonly #imports = new Map<string, (exports: unknown) => void>();
  readonly #preparations = new Map<string, (file: string) => void>();

  /** Calls `patch` each time that a package, or a part of it, is loaded; it must tell whether it knows it. */
  onLoaded(name: string, patch: Patch): void {
    this.#patches.set(name, patch);
  }

  /**
   * Calls `patch` with what an ES module of a package exports, right after it has run; it must tell whether it knows it.
   * Of a module of Node's own before it is given to anybody, with nothing.
   */
  onImported(name: string, patch: (exports: unknown) => void): void {
    this.#imports.set(name, patch);
  }

  /** Calls `prepare` once, before anything of the package is loaded, with the file that is. */
  beforeFirst(name: string, prepare: (file: string) => void): void {
    this.#preparations.set(name, prepare);
  }

  /** From now on nothing is looked at. What was patched stays patched. */
  stop(): void {
    this.#patches.clear();
    this.#imports.clear();
    this.#preparations.clear();
  }

  install(): void {
    const loader = moduleClass as unknown as ModuleLoader;
    const original = loader._load;
    const loads = this;
    loader._load = function (request, parent, isMain) {
      const name = loads.#nameOf(request);
      if (name === undefined) return Reflect.apply(original, this, [request, parent, isMain]);
      if (loads.#prepare(name, request, parent)) return loadAgain(loader, request, parent);
      const exports = Reflect.apply(original, this, [request, parent, isMain]);
      loads.#patch(name, exports, () => toFile(request, parent));
      return exports;
    };
  }

  /** Begins to see ES modules. It costs some µs for each module of the application, so not all applications pay it. */
  watchImports(): void {
    if (!isImportSafe(process.versions.node)) return;
    const world = globalThis as typeof globalThis & {
      [importedKey]?: (name: string, exports: unknown) => void;
    };
    world[importedKey] = (name, exports) => this.#onImport(name, exports);
    process.getBuiltinModule("node:module").registerHooks({
      load: (url, context, nextLoad) => {
        const loaded = nextLoad(url, context);
        const name = url.startsWith("node:") ? url : toPackageName(url.replace("file://", ""));
        if (name === undefined || !this.#imports.has(name)) return loaded;
        if (loaded.format === "builtin") this.#onImport(name, undefined);
        return loaded.format === "module" ? withReport(loaded, url, name) : loaded;
      },
    });
  }

  #onImport(name: string, exports: unknown): void {
    try {
      this.#imports.get(name)?.(exports);
    } catch (error) {
      this.#guard.failed(error);
    }
  }

  /** The package, if somebody waits for it. */
  #nameOf(request: string): string | undefined {
    if (typeof request !== "string") return undefined;
    const name = toPackageName(request);
    if (name === undefined) return undefined;
    return this.#patches.has(name) || this.#preparations.has(name) ? name : undefined;
  }

  #prepare(name: string, request: string, parent: unknown): boolean {
    const prepare = this.#preparations.get(name);
    if (prepare === undefined) return false;
    this.#preparations.delete(name);
    try {
      prepare(toFile(request, parent));
      return true;
    } catch (error) {
      this.#guard.failed(error);
      return false;
    }
  }

  #patch(name: string, exports: unknown, file: () => string): void {
    try {
      this.#patches.get(name)?.(exports, file);
    } catch (error) {
      this.#guard.failed(error);
    }
  }
}

function toFile(request: string, parent: unknown): string {
  const { filename } = (parent ?? {}) as { filename?: string };
  return moduleClass.createRequire(filename ?? request).resolve(request);
}

/** A module imports itself: it has its exports at hand when it has run, whatever it calls them. */
function withReport(loaded: LoadFnOutput, url: string, name: string): LoadFnOutput {
  const report =
    `\nimport * as __culprit from ${JSON.stringify(url)};` +
    `\nglobalThis[Symbol.for("culprit.imported")]?.(${JSON.stringify(name)}, __culprit);\n`;
  const { source = "" } = loaded;
  const text = typeof source === "string" ? source : Buffer.from(source as Uint8Array).toString();
  return { ...loaded, source: text + report };
}

/**
 * A contrib instrumentation that has just been prepared has put itself around `require`, and the call under way began
 * before that. So it is made once more, and the instrumentation sees it.
 */
function loadAgain(loader: ModuleLoader, request: string, parent: unknown): unknown {
  const { require: requireOf } = (parent ?? {}) as { require?: (request: string) => unknown };
  if (typeof requireOf === "function") return Reflect.apply(requireOf, parent, [request]);
  const exports = moduleClass.createRequire(request)(request);
  // `import` reads the module's own exports, not what is returned here.
  const cached = loader._cache[request];
  if (cached !== undefined && cached.exports !== exports) cached.exports = exports;
  return exports;
}

/** Of `pg`, `pg/lib/client`, `@hapi/hapi` or a file below `node_modules`; undefined of a file of the application. */
function toPackageName(request: string): string | undefined {
  let path = request;
  if (request.startsWith("/") || /^[A-Za-z]:[\\/]/.test(request)) {
    const folder = /^.*[\\/]node_modules[\\/]/s.exec(request)?.[0];
    if (folder === undefined) return undefined;
    path = request.slice(folder.length);
  } else if (request.startsWith(".")) {
    return undefined;
  }
  const parts = path.split(/[\\/]/, 2);
  return path.startsWith("@") ? parts.join("/") : parts[0];
}
