import type { RequestListener } from "node:http";
import { join } from "node:path";
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from "express";
import type { ApiErrorCode } from "./api/api-error.ts";
import { contentTypes, toEncoding } from "./receiver/otlp-message.ts";
import { encodeStatus } from "./receiver/rpc-status.ts";

export interface CollectorAppOptions {
  /** OTLP/HTTP: answers under /v1. */
  readonly receiver: Router;
  /** The read API: answers under /api/v1. */
  readonly api: Router;
  /** Asked before API, UI and metrics; undefined: nobody is. */
  readonly readGuard: RequestHandler | undefined;
  readonly metrics: RequestListener;
  /** Why the server should get no traffic yet; undefined when it is ready. */
  readonly notReady: () => string | undefined;
  /** Folder with the built UI; undefined: it is served elsewhere. */
  readonly webFolder: string | undefined;
  /** Host names that a request may name; undefined: any (a proxy or a key decides). */
  readonly hostsAllowed: ReadonlySet<string> | undefined;
}

/** Puts the parts behind one port. The caller makes the server, with the limits of its connections, and listens. */
export function createCollectorApp(options: CollectorAppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  if (options.hostsAllowed) app.use(refuseForeignHosts(options.hostsAllowed));
  app.get("/healthz", (_request, response) => void response.type("text").send("ok\n"));
  app.get("/readyz", (_request, response) => {
    const reason = options.notReady();
    response
      .status(reason ? 503 : 200)
      .type("text")
      .send(`${reason ?? "ok"}\n`);
  });
  app.use(options.receiver);
  if (options.readGuard) app.use(options.readGuard);
  app.get("/metrics", (request, response) => void options.metrics(request, response));
  app.use(secureHeaders);
  app.use("/api/v1", options.api);
  app.use(["/api", "/v1"], answerUnknown);
  if (options.webFolder !== undefined) app.use(serveWeb(options.webFolder));
  app.use(answerUnknown);
  app.use(answerErrors);
  return app;
}

const answerUnknown: RequestHandler = (request, response) => {
  const message = `nothing answers ${request.method} ${request.baseUrl}${request.path}`;
  refuse(request, response, { httpStatus: 404, rpcCode: 12, code: "NOT_FOUND", message });
};

interface Refusal {
  readonly httpStatus: number;
  /** `google.rpc.Code`, for clients of OTLP. */
  readonly rpcCode: number;
  readonly code: ApiErrorCode;
  readonly message: string;
}

/** As the API answers; below /v1, where OTLP is spoken, with a Status in the encoding of the request. */
function refuse(request: Request, response: Response, refusal: Refusal): void {
  const { httpStatus, rpcCode, code, message } = refusal;
  response.status(httpStatus);
  if (!/^\/v1(\/|$)/i.test(request.originalUrl))
    return void response.json({ error: { code, message } });
  const encoding = toEncoding(request.headers["content-type"]) ?? "json";
  const status = encodeStatus(encoding, { rpcCode, message, retryAfterS: undefined });
  response.setHeader("content-type", contentTypes[encoding]).end(status);
}

/** Express would show the stack. What gets here is a path that can't be decoded, or a UI that is not there. */
const answerErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error);
  const status = errorStatus(error);
  const body =
    status === 404
      ? { code: "NOT_FOUND", message: "the UI was not built: npm run build" }
      : status < 500
        ? { code: "BAD_PARAMETER", message: "the path is not valid" }
        : { code: "INTERNAL_ERROR", message: "the request failed" };
  response.status(status).json({ error: body });
};

/** As Express and `send` put it on their errors. */
function errorStatus(error: unknown): number {
  const status = typeof error === "object" && error !== null && "status" in error && error.status;
  return typeof status === "number" ? status : 500;
}

/**
 * A page of another site can let its own name point to 127.0.0.1 and then read what we serve there (DNS rebinding).
 * Its requests still name the other site as host, so they are refused.
 */
function refuseForeignHosts(allowed: ReadonlySet<string>): RequestHandler {
  return (request, response, next) => {
    if (allowed.has(request.hostname?.toLowerCase() ?? "")) return next();
    const name = JSON.stringify(request.hostname ?? "");
    const message = `host ${name} is not served here; name it with --public-url`;
    refuse(request, response, { httpStatus: 403, rpcCode: 7, code: "HOST_NOT_ALLOWED", message });
  };
}

const secureHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    "Content-Security-Policy":
      "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
  });
  next();
};

/** Files of the build, cached for good under /assets (their names hold a hash); any other GET is a page of the UI. */
function serveWeb(folder: string): Router {
  const router = express.Router();
  router.use("/assets", express.static(join(folder, "assets"), { immutable: true, maxAge: "1y" }));
  router.use("/assets", (_request, response) => void response.status(404).end());
  router.use(express.static(folder, { index: false }));
  router.get("/{*page}", (_request, response, next) => {
    response.set("Cache-Control", "no-cache");
    response.sendFile(join(folder, "index.html"), (error) => error && next(error));
  });
  return router;
}
