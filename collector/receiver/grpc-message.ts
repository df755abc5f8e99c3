import { CollectorError } from "../collector-error.ts";

/** The one message of a unary call, not read yet. */
export interface GrpcMessage {
  readonly isCompressed: boolean;
  /** As sent. */
  readonly length: number;
  /** Its bytes. Throws BODY_ABORTED where they are fewer than announced, GRPC_MESSAGE_INVALID where more follows. */
  readonly content: AsyncGenerator<Uint8Array, void>;
}

/** A message is preceded by a flag and its length: gRPC over HTTP/2, "Length-Prefixed-Message". */
const headBytes = 5;

/** Reads as far as the message's length; throws GRPC_MESSAGE_INVALID, and what `chunks` throws. */
export async function openMessage(chunks: AsyncGenerator<Uint8Array, void>): Promise<GrpcMessage> {
  let start = Buffer.alloc(0);
  while (start.length < headBytes) {
    const { value, done } = await chunks.next();
    if (done) throw invalid(start.length === 0 ? "no message was sent" : "the message is cut off");
    start = Buffer.concat([start, value]);
  }
  const flag = start.readUInt8(0);
  if (flag > 1) throw invalid(`a message can't begin with ${flag}`);
  const length = start.readUInt32BE(1);
  return {
    isCompressed: flag === 1,
    length,
    content: readContent(start.subarray(headBytes), chunks, length),
  };
}

async function* readContent(
  start: Uint8Array,
  chunks: AsyncGenerator<Uint8Array, void>,
  length: number,
): AsyncGenerator<Uint8Array, void> {
  let missing = length;
  for (let chunk: Uint8Array | undefined = start; chunk !== undefined; ) {
    missing -= chunk.length;
    if (missing < 0) throw invalid("a unary call has one message");
    if (chunk.length > 0) yield chunk;
    const next: IteratorResult<Uint8Array, void> = await chunks.next();
    chunk = next.value ?? undefined;
  }
  // A stream that its client resets ends as if it were whole.
  if (missing > 0)
    throw new CollectorError("BODY_ABORTED", `${missing} of ${length} bytes did not come`);
}

function invalid(message: string): CollectorError {
  return new CollectorError("GRPC_MESSAGE_INVALID", message);
}

/** An uncompressed message. */
export function frameMessage(message: Uint8Array): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Text as the header `grpc-message` carries it: UTF-8, of which only what is printable stands for itself. */
export function encodeGrpcText(text: string): string {
  return text.replace(/[^ -$&-~]/gu, (character) =>
    Buffer.from(character).toString("hex").toUpperCase().replace(/../g, "%$&"),
  );
}
