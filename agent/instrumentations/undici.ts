import { Guard } from "./guard.ts";
import { HttpTargets } from "./http-targets.ts";
import { type CallOptions, callOf, OutgoingCall, setCall } from "./outgoing-call.ts";

/** The part of undici's request that is read. */
interface UndiciRequest {
  readonly method: string;
  readonly origin: string | URL;
  readonly path: string;
  readonly contentLength?: number | null;
  readonly headers?: unknown;
  addHeader(name: string, value: string): unknown;
}

interface UndiciResponse {
  readonly statusCode: number;
  readonly headers: readonly (Buffer | string)[];
}

interface Message {
  readonly request: UndiciRequest;
}

/** `fetch` and undici, whichever copy of it, by the diagnostics channels that it publishes. */
export function instrumentUndici(options: CallOptions): void {
  const guard = new Guard("undici and fetch");
  const callOptions = { ...options, targets: new HttpTargets("undici") };

  guard.subscribe<Message>("undici:request:create", function onCreate({ request }) {
    const { method, origin, path } = request;
    const httpRequest = { method, path, origin: String(origin) };
    const call = OutgoingCall.start(callOptions, httpRequest, onCreate);
    if (call === undefined) return;
    setCall(request, call);
    call.requestLength = request.contentLength ?? undefined;
    const present = namesOf(request.headers);
    call.propagate((name, value) => {
      if (!present.includes(name)) request.addHeader(name, value);
    });
  });

  guard.subscribe<Message & { readonly response: UndiciResponse }>(
    "undici:request:headers",
    ({ request, response }) => {
      const call = callOf(request);
      if (call === undefined) return;
      call.statusCode = response.statusCode;
      call.responseLength = headerOf(response.headers, "content-length");
    },
  );

  guard.subscribe<Message>("undici:request:trailers", ({ request }) => {
    callOf(request)?.end();
    setCall(request, undefined);
  });

  guard.subscribe<Message & { readonly error: unknown }>(
    "undici:request:error",
    ({ request, error }) => {
      callOf(request)?.fail(error);
      setCall(request, undefined);
    },
  );
}

/** Header names as text, in lower case: a list of names and values in newer versions, one text in older ones. */
function namesOf(headers: unknown): string {
  if (typeof headers === "string") return headers.toLowerCase();
  if (!Array.isArray(headers)) return "";
  return headers
    .filter((_, index) => index % 2 === 0)
    .join("\n")
    .toLowerCase();
}

/** Of a list of names and values, as bytes. */
function headerOf(headers: readonly (Buffer | string)[], name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const key = headers[index]!;
    if (key.length === name.length && key.toString().toLowerCase() === name) {
      return headers[index + 1]!.toString();
    }
  }
  return undefined;
}
