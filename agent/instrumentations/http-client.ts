import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Guard } from "./guard.ts";
import { HttpTargets } from "./http-targets.ts";
import { type CallOptions, callOf, OutgoingCall, setCall } from "./outgoing-call.ts";

interface RequestMessage {
  readonly request: ClientRequest;
}

/** Requests by `node:http` and `node:https`, by Node's diagnostics channels: nothing is patched. */
export function instrumentHttpClient(options: CallOptions): void {
  const guard = new Guard("node:http requests");
  const callOptions = { ...options, targets: new HttpTargets("http") };
  const onSocket = guard.listener((request: ClientRequest, socket: Socket) => {
    watch(guard, callOf(request), request, socket);
  });
  const onClose = guard.listener((response: IncomingMessage) => callOf(response)?.end());

  guard.subscribe<RequestMessage>("http.client.request.created", function onCreated({ request }) {
    const call = OutgoingCall.start(callOptions, toHttpRequest(request), onCreated);
    if (call === undefined) return;
    setCall(request, call);
    if (!request.headersSent) {
      call.propagate((name, value) => {
        if (!request.hasHeader(name)) request.setHeader(name, value);
      });
    }
    if (!call.span.trace.isSampled) return;
    // An agent gives a free connection at once.
    if (request.reusedSocket) call.isReused = true;
    // Not `once`, which costs three times as much: it is emitted once.
    else request.on("socket", onSocket);
  });

  guard.subscribe<RequestMessage & { readonly response: IncomingMessage }>(
    "http.client.response.finish",
    ({ request, response }) => {
      const call = callOf(request);
      if (call === undefined) return;
      setCall(request, undefined);
      call.statusCode = response.statusCode ?? 0;
      call.protocolVersion = response.httpVersion;
      call.requestLength = request.getHeader("content-length");
      call.responseLength = contentLengthOf(response.rawHeaders);
      if (call.isReused === false) call.firstByteMs = call.span.trace.nowMs() - call.span.startMs;
      // The call is over when its body is read, or given up.
      setCall(response, call);
      response.on("close", onClose);
    },
  );

  guard.subscribe<RequestMessage & { readonly error: unknown }>(
    "http.client.request.error",
    ({ request, error }) => {
      callOf(request)?.fail(error);
      setCall(request, undefined);
    },
  );
}

/** Of names and values in turns. Node makes an object of them for whoever asks for `headers`, and many never do. */
function contentLengthOf(rawHeaders: readonly string[]): string | undefined {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 14 && name.toLowerCase() === "content-length") return rawHeaders[at + 1];
  }
  return undefined;
}

/** Of the last request: while the next one is to the same service, its text is neither made nor hashed anew. */
const last = { protocol: "", host: "", origin: "" };

function toHttpRequest(request: ClientRequest) {
  const { method, path, protocol } = request;
  const host = String(request.getHeader("host") ?? request.host);
  if (last.host !== host || last.protocol !== protocol) {
    last.protocol = protocol;
    last.host = host;
    last.origin = `${protocol}//${host}`;
  }
  return { method, path, origin: last.origin };
}

/** What a new connection takes; one that was open already has nothing to say. */
function watch(
  guard: Guard,
  call: OutgoingCall | undefined,
  request: ClientRequest,
  socket: Socket,
): void {
  if (call === undefined) return;
  call.isReused = request.reusedSocket;
  if (request.reusedSocket || !socket.connecting) return;
  const { trace, startMs } = call.span;
  let lastMs = startMs;
  const note = (phase: "dnsMs" | "tcpMs" | "tlsMs") =>
    guard.bind(() => {
      const nowMs = trace.nowMs();
      call[phase] = nowMs - lastMs;
      lastMs = nowMs;
    });
  socket.once("lookup", note("dnsMs"));
  socket.once("connect", note("tcpMs"));
  if ("encrypted" in socket) socket.once("secureConnect", note("tlsMs"));
}
