import { parentPort } from "node:worker_threads";
import { freeBytes } from "../free-bytes.ts";
import { DecodeError } from "./decode-error.ts";
import { decodeOtlp } from "./decode-otlp.ts";
import type { DecodeJob, DecodeReply } from "./decoder.ts";
import { zipkinToProtobuf } from "./zipkin-to-protobuf.ts";

/**
 * The worker's end of `decoder.ts`: one job, one reply, in order. An error that is not the request's fault ends the
 * worker, and the other end says so to whoever waits.
 */
parentPort?.on("message", (job: DecodeJob) => {
  const reply = toReply(job);
  freeBytes(job.body);
  const transferred = "result" in reply ? [reply.result.block.buffer] : [];
  parentPort?.postMessage(reply, transferred);
});

function toReply({ signal, body, encoding, context }: DecodeJob): DecodeReply {
  try {
    if (encoding !== "zipkin") return { result: decodeOtlp(signal, body, encoding, context) };
    return { result: decodeOtlp(signal, zipkinToProtobuf(body), "protobuf", context) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}
