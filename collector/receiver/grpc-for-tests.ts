import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TlsFiles } from "../auth/tls-files.ts";
import { defaultGrpcLimits, type GrpcLimits } from "./grpc-limits.ts";
import { createGrpcServer } from "./grpc-server.ts";
import type { HttpLimits } from "./http-limits.ts";
import { createGrpcReceiver } from "./otlp-grpc.ts";
import { ReceiverForTests } from "./receiver-for-tests.ts";

/** A receiver of gRPC behind a real server, with the stand-ins of `ReceiverForTests`. */
export async function openGrpc(limits: Partial<GrpcLimits & HttpLimits> = {}, tls?: TlsFiles) {
  const receiver = new ReceiverForTests(limits);
  const all = { ...defaultGrpcLimits, ...limits };
  const listener = createGrpcReceiver({ ...receiver.options, ...all });
  const { server, close } = createGrpcServer(listener, all, receiver.counters, tls);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { receiver, port, close: () => close(0) };
}
