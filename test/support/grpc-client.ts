import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { type Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import { readStatus } from "./read-protobuf.ts";

export const exportPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

export interface GrpcAnswer {
  readonly code: number;
  readonly message: string;
  /** Of a call that succeeded. */
  readonly response: Buffer;
  /** What `grpc-status-details-bin` says. */
  readonly status: ReturnType<typeof readStatus> | undefined;
}

/** A unary call of the official client; never rejects. */
export function callGrpc(
  client: Client,
  path: string,
  message: string | Uint8Array,
  metadata: Metadata = new Metadata(),
): Promise<GrpcAnswer> {
  const identity = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, response: Buffer = Buffer.alloc(0)) => {
      const [details] = error?.metadata?.get("grpc-status-details-bin") ?? [];
      const status = details instanceof Buffer ? readStatus(details) : undefined;
      resolve({ code: error?.code ?? 0, message: error?.details ?? "", response, status });
    };
    client.makeUnaryRequest(path, identity, identity, Buffer.from(message), metadata, done);
  });
}

/** The head of a message, which may lie. */
export function messageHead(length: number, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return head;
}

/** Headers of a call, with these instead. */
export function callHeaders(different: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  return {
    ":method": "POST",
    ":path": exportPath,
    "content-type": "application/grpc",
    te: "trailers",
    ...different,
  };
}

/** `rst`: the code with which the stream was closed, in digits. */
type GrpcHeaders = IncomingHttpHeaders & { readonly rst: string };

/** What a call is answered, in its headers and trailers, and how its stream was closed. */
export async function answerOf(stream: ClientHttp2Stream): Promise<GrpcHeaders> {
  const all: IncomingHttpHeaders = {};
  stream.on("error", () => undefined);
  stream.on("response", (headers) => Object.assign(all, headers));
  stream.on("trailers", (headers) => Object.assign(all, headers));
  stream.resume();
  if (!stream.closed) await new Promise((resolve) => stream.once("close", resolve));
  return { ...all, rst: String(stream.rstCode) };
}
