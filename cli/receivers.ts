import { Router } from "express";
import type { Counters } from "../collector/counters.ts";
import { defaultDecodeLimits } from "../collector/decode/decode-limits.ts";
import type { Decoder } from "../collector/decode/decoder.ts";
import type { Journal } from "../collector/journal/journal.ts";
import { ByteBudget } from "../collector/receiver/byte-budget.ts";
import { defaultGrpcLimits } from "../collector/receiver/grpc-limits.ts";
import { createGrpcServer, type GrpcServer } from "../collector/receiver/grpc-server.ts";
import { defaultHttpLimits } from "../collector/receiver/http-limits.ts";
import { createIntake, type Intake } from "../collector/receiver/intake.ts";
import { createGrpcReceiver } from "../collector/receiver/otlp-grpc.ts";
import { createOtlpReceiver } from "../collector/receiver/otlp-http.ts";
import { createZipkinReceiver } from "../collector/receiver/zipkin-http.ts";
import { bySignal, type Signal } from "../collector/signal.ts";
import type { Access } from "./access.ts";
import type { StartConfig } from "./config.ts";

export type Journals = Readonly<Record<Signal, Journal>>;

interface IntakeParts {
  readonly config: Pick<StartConfig, "acceptedWindow" | "retention">;
  readonly decoder: Decoder;
  readonly journals: Journals;
  readonly counters: Counters;
  readonly now: () => number;
}

export interface ReceiverParts extends IntakeParts {
  readonly access: Pick<Access, "ring" | "tls">;
  readonly log: (line: string) => void;
}

export interface Receivers {
  /** OTLP/HTTP: answers under /v1; Zipkin: at /api/v2/spans. */
  readonly http: Router;
  readonly grpc: GrpcServer;
  /** What bodies of all transports hold now, in bytes. */
  inFlightBytes(): number;
}

/** All transports hand to the same intakes, and hold bytes of one budget. */
export function createReceivers(parts: ReceiverParts): Receivers {
  const { access, counters } = parts;
  const budget = new ByteBudget(defaultHttpLimits.inFlightBytesMax);
  const options = {
    authorize: access.ring.authorize,
    intakes: createIntakes(parts),
    bodyBytesMax: defaultHttpLimits.bodyBytesMax,
    budget,
    counters,
    log: (line: string) => parts.log(`receiver: ${line}`),
  };
  const { requestTimeoutMs } = defaultGrpcLimits;
  const grpc = createGrpcReceiver({ ...options, requestTimeoutMs });
  return {
    http: Router().use(createOtlpReceiver(options), createZipkinReceiver(options)),
    grpc: createGrpcServer(grpc, defaultGrpcLimits, counters, access.tls),
    inFlightBytes: () => budget.used,
  };
}

/** Decoder and journal of each signal, as every receiver hands to them. */
export function createIntakes(parts: IntakeParts): Readonly<Record<Signal, Intake>> {
  const { config, decoder, journals, counters, now } = parts;
  return bySignal((signal) =>
    createIntake({
      signal,
      decode: (body, encoding, context) =>
        decoder.decode(signal, body, encoding, { ...context, limits: defaultDecodeLimits }),
      release: decoder.release,
      journal: journals[signal],
      window: windowOf(config, signal),
      now,
      counters,
    }),
  );
}

const dayMs = 86_400_000;

/** What is older than the retention would be dropped as soon as it is stored. */
export function windowOf({ acceptedWindow, retention }: IntakeParts["config"], signal: Signal) {
  const { pastMs, futureMs } = acceptedWindow;
  return { pastMs: Math.min(pastMs, retention[signal].days * dayMs), futureMs };
}
