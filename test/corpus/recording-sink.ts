import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** Takes OTLP/HTTP protobuf and keeps the traces as they came. */
export interface RecordingSink {
  readonly url: string;
  /** What came since the last call, as one ExportTraceServiceRequest: requests one after the other are their union. */
  take(): Buffer;
  stop(): Promise<void>;
}

const decompress: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes),
  zstd: (bytes) => zstdDecompressSync(bytes),
};

export async function startRecordingSink(): Promise<RecordingSink> {
  let bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const bytes = await buffer(request);
    const encoding = request.headers["content-encoding"] ?? "identity";
    if (request.url === "/v1/traces") bodies.push(decompress[encoding]?.(bytes) ?? bytes);
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = Buffer.concat(bodies);
      bodies = [];
      return taken;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
