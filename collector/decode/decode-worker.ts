import { setFlagsFromString } from "node:v8";
import { parentPort } from "node:worker_threads";
import { freeBytes } from "../free-bytes.ts";
import { DecodeError } from "./decode-error.ts";
import { decodeOtlp, decodeTogether } from "./decode-otlp.ts";
import type { DecodeJob, DecodeReply, DecoderMessage } from "./decoder.ts";
import { spareBuffers } from "./native-block.ts";
import { zipkinToProtobuf } from "./zipkin-to-protobuf.ts";

/**
 * How much V8 compiles into one function of what that calls; 920 without. Decoding is a few long paths of very small
 * functions (a byte, a key, a column): a tenth of the instructions were calls of one another. Counts for the process, of
 * which nothing else has such paths.
 */
setFlagsFromString("--max-inlined-bytecode-size-cumulative=3000");

/**
 * The worker's end of `decoder.ts`: jobs that may share a block, a reply for each, in order. An error that is not the
 * request's fault is told apart: the other end takes another worker then, for nobody knows what this one holds.
 */
parentPort?.on("message", ({ jobs, spare }: DecoderMessage) => {
  if (spare !== undefined) spareBuffers.add(spare);
  if (jobs.length > 0) decodeJobs(jobs);
});

function decodeJobs(jobs: readonly DecodeJob[]): void {
  const replies = (jobs.length > 1 && decodeJobsTogether(jobs)) || jobs.map(toReply);
  for (const { body } of jobs) freeBytes(body);
  const blocks = replies.flatMap((reply) => ("result" in reply ? reply.result.block.buffer : []));
  parentPort?.postMessage(replies, [...new Set(blocks)]);
}

/** Undefined when one of the jobs can't be decoded, or has so many keys that others may have lost some by it. */
function decodeJobsTogether(jobs: readonly DecodeJob[]): DecodeReply[] | undefined {
  try {
    const results = decodeTogether(jobs[0]!.signal, jobs);
    if (results.some(({ losses }) => losses.cardinality > 0)) return undefined;
    return results.map((result) => ({ result }));
  } catch {
    // Which of them it is, and what is wrong with it, comes out when each is decoded by itself.
    return undefined;
  }
}

function toReply({ signal, body, encoding, context }: DecodeJob): DecodeReply {
  try {
    if (encoding !== "zipkin") return { result: decodeOtlp(signal, body, encoding, context) };
    return { result: decodeOtlp(signal, zipkinToProtobuf(body), "protobuf", context) };
  } catch (error) {
    if (error instanceof DecodeError) {
      return { error: { code: error.code, message: error.message } };
    }
    const message = "the worker that decoded the request ended";
    return { error: { code: "DECODER_FAILED", message, cause: error } };
  }
}
