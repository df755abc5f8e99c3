import { Agent, request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { encodeOtlp } from "../../collector/decode/testing/encode-otlp.ts";
import {
  hex,
  requestArbitrary,
  testTimeMs,
  text,
} from "../../collector/decode/testing/otlp-model.ts";
import { answerOf, callHeaders, messageHead } from "../support/grpc-client.ts";
import { mutated } from "./mutate.ts";

/** What is sent: everything of it may be wrong. */
export interface FuzzedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Transport {
  readonly name: string;
  readonly requests: fc.Arbitrary<FuzzedRequest>;
  /** A short name of the answer: "200", "grpc 3". Rejects when there is none. */
  send(request: FuzzedRequest): Promise<string>;
  close(): void;
}

export interface Target {
  readonly url: string;
  /** HOST:PORT */
  readonly grpc: string;
}

const compress = { identity: (body: Buffer) => body, gzip: gzipSync, zstd: zstdCompressSync };
const encoding = fc.constantFrom("identity", "gzip", "zstd");

/** Half is compressed after it was changed, so that the decoder sees it; half is changed after it was compressed. */
function compressed(plain: fc.Arbitrary<Buffer>) {
  const inside = fc.tuple(encoding, mutated(plain)).map(([name, body]) => ({
    name,
    body: compress[name](body),
  }));
  const outside = fc
    .tuple(encoding, plain)
    .chain(([name, body]) =>
      mutated(fc.constant(compress[name](body))).map((changed) => ({ name, body: changed })),
    );
  return fc.oneof({ arbitrary: inside, weight: 3 }, { arbitrary: outside, weight: 1 });
}

const answerMs = 120_000;

function overHttp(
  name: string,
  { url }: Target,
  path: string,
  contentType: string,
  plain: fc.Arbitrary<Buffer>,
): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 128 });
  return {
    name,
    requests: compressed(plain).map(({ name: contentEncoding, body }) => ({
      headers: { "content-type": contentType, "content-encoding": contentEncoding },
      body,
    })),
    send: ({ headers, body }) =>
      new Promise((resolve, reject) => {
        const options = { agent, method: "POST", headers, timeout: answerMs };
        const sent = request(`${url}${path}`, options, (response) => {
          response.resume().once("end", () => resolve(String(response.statusCode)));
        });
        sent.once("timeout", () => sent.destroy(new Error(`no answer in ${answerMs} ms`)));
        sent.once("error", reject);
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** The five bytes before a message are changed like any other. */
/** What gRPC itself has answered by INTERNAL. */
export const compressedUnnamed = "for a compressed message that does not say how";

function overGrpc({ grpc }: Target): Transport {
  let session: ClientHttp2Session | undefined;
  const plain = requestArbitrary.map(encodeOtlp);
  const framed = compressed(plain).chain(({ name, body }) =>
    fc
      .oneof(
        {
          arbitrary: fc.constant(messageHead(body.length, name === "identity" ? 0 : 1)),
          weight: 8,
        },
        {
          arbitrary: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
          weight: 1,
        },
      )
      .map((head) => ({ headers: { "grpc-encoding": name }, body: Buffer.concat([head, body]) })),
  );
  return {
    name: "gRPC",
    requests: framed,
    send: async ({ headers, body }) => {
      if (session === undefined || session.closed) {
        session = connect(`http://${grpc}`);
        session.on("error", () => undefined);
      }
      const stream = session.request(callHeaders(headers));
      stream.setTimeout(answerMs, () => stream.close());
      stream.end(body);
      const answer = await answerOf(stream);
      if (answer["grpc-status"] === undefined) throw new Error(`closed with ${answer.rst}`);
      const isUnnamed = body[0] === 1 && headers["grpc-encoding"] === "identity";
      return `grpc ${answer["grpc-status"]}${isUnnamed ? ` ${compressedUnnamed}` : ""}`;
    },
    close: () => session?.destroy(),
  };
}

const zipkinSpan = fc.record(
  {
    traceId: fc.oneof(hex(8), hex(16)),
    id: hex(8),
    parentId: hex(8),
    name: text,
    kind: fc.constantFrom("CLIENT", "SERVER", "PRODUCER", "CONSUMER"),
    timestamp: fc.constant(testTimeMs * 1000),
    duration: fc.nat(1_000_000),
    shared: fc.boolean(),
    localEndpoint: fc.record({ serviceName: text, ipv4: fc.ipV4(), port: fc.nat(65_535) }),
    tags: fc.dictionary(fc.constantFrom("sql.query", "http.path", "error", "__proto__", "a"), text),
    annotations: fc.array(fc.record({ timestamp: fc.nat(), value: text }), { maxLength: 2 }),
  },
  { requiredKeys: ["traceId", "id", "timestamp"] },
);

const toJson = (value: unknown) => Buffer.from(JSON.stringify(value));

export function createTransports(target: Target): Transport[] {
  return [
    overHttp(
      "HTTP protobuf",
      target,
      "/v1/traces",
      "application/x-protobuf",
      requestArbitrary.map(encodeOtlp),
    ),
    overHttp("HTTP JSON", target, "/v1/traces", "application/json", requestArbitrary.map(toJson)),
    overGrpc(target),
    overHttp(
      "Zipkin",
      target,
      "/api/v2/spans",
      "application/json",
      fc.array(zipkinSpan, { maxLength: 5 }).map(toJson),
    ),
  ];
}
