import { DecodeError } from "../decode-error.ts";
import { type DecodeLimits, defaultDecodeLimits } from "../decode-limits.ts";
import { decodeOtlp } from "../decode-otlp.ts";
import type { DecodedBlock } from "../decoded-block.ts";
import { encodeOtlp } from "./encode-otlp.ts";
import { type OtlpRequest, testTimeMs } from "./otlp-model.ts";

/** Of names as many as a property makes up. */
const testLimits: DecodeLimits = {
  ...defaultDecodeLimits,
  servicesMax: Number.POSITIVE_INFINITY,
  operationsOfServiceMax: Number.POSITIVE_INFINITY,
  operationsMax: Number.POSITIVE_INFINITY,
};

export const context = {
  receivedMs: testTimeMs,
  acceptFromMs: testTimeMs - 1_000,
  acceptToMs: testTimeMs + 1_000_000,
  limits: testLimits,
};

export function decode(request: OtlpRequest, limits: Partial<DecodeLimits> = {}): DecodedBlock {
  return decodeOtlp("traces", encodeOtlp(request), "protobuf", {
    ...context,
    limits: { ...testLimits, ...limits },
  });
}

export function decodeJson(json: string): DecodedBlock {
  return decodeOtlp("traces", Buffer.from(json), "json", context);
}

/** The code of the DecodeError that `run` throws, or "decoded"; any other error passes. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DecodeError) return error.code;
    throw error;
  }
  return "decoded";
}
