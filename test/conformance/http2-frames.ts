import { connect, type Socket } from "node:net";
import { exportPath } from "../support/grpc-client.ts";

/** HTTP/2 by hand, to send what no client library sends. RFC 9113. */
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export const frameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header in HPACK, neither indexed nor compressed (RFC 7541, 6.2.2); both parts are below 127 bytes. */
export function literal(name: string, value: string): Buffer {
  const text = (part: string) => Buffer.concat([Buffer.of(part.length), Buffer.from(part)]);
  return Buffer.concat([Buffer.of(0), text(name), text(value)]);
}

export const callHead: Buffer = Buffer.concat([
  literal(":method", "POST"),
  literal(":scheme", "http"),
  literal(":path", exportPath),
  literal("content-type", "application/grpc"),
]);

export interface RawConnection {
  readonly socket: Socket;
  /** The error code of the server's GOAWAY, or "closed" when the connection ended without one. */
  readonly ended: Promise<number | "closed">;
}

/** A connection that has said hello, and acknowledges nothing. */
export function openRaw(hostAndPort: string): RawConnection {
  const { hostname, port } = new URL(`http://${hostAndPort}`);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  socket.write(
    Buffer.concat([Buffer.from(preface), frame(frameType.settings, 0, 0, Buffer.alloc(0))]),
  );
  return { socket, ended: untilGoaway(socket) };
}

async function untilGoaway(socket: Socket): Promise<number | "closed"> {
  let bytes = Buffer.alloc(0);
  return await new Promise((resolve) => {
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 9) {
        const length = bytes.readUIntBE(0, 3);
        if (bytes.length < 9 + length) break;
        if (bytes.readUInt8(3) === frameType.goaway) resolve(bytes.readUInt32BE(13));
        bytes = bytes.subarray(9 + length);
      }
    });
    socket.once("close", () => resolve("closed"));
  });
}
