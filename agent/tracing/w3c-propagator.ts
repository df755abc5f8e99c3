import {
  type Context,
  isSpanContextValid,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { fromBaggageHeader, toBaggageHeader } from "./baggage.ts";
import { wordToHex } from "./hex-words.ts";
import { toTraceState } from "./trace-state.ts";
import { readBaggage, readTraceparent } from "./w3c-headers.ts";

/** W3C Trace Context and Baggage for those who ask OpenTelemetry's API, such as instrumentations of message queues. */
export class W3cPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const spanContext = trace.getSpanContext(context);
    if (spanContext !== undefined && isSpanContextValid(spanContext)) {
      const flags = spanContext.traceFlags & TraceFlags.SAMPLED ? "01" : "00";
      setter.set(
        carrier,
        "traceparent",
        `00-${spanContext.traceId}-${spanContext.spanId}-${flags}`,
      );
      const traceState = spanContext.traceState?.serialize();
      if (traceState) setter.set(carrier, "tracestate", traceState);
    }
    const baggage = propagation.getBaggage(context);
    const header = baggage === undefined ? "" : toBaggageHeader(baggage);
    if (header !== "") setter.set(carrier, "baggage", header);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const first = (name: string) => {
      const value = getter.get(carrier, name);
      return Array.isArray(value) ? value[0] : value;
    };
    let extracted = context;
    const parent = readTraceparent(first("traceparent"), first("tracestate"));
    if (parent !== undefined) {
      extracted = trace.setSpanContext(extracted, {
        traceId: parent.trace.map(wordToHex).join(""),
        spanId: parent.span.map(wordToHex).join(""),
        traceFlags: parent.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
        isRemote: true,
        ...(parent.traceState === "" ? {} : { traceState: toTraceState(parent.traceState) }),
      });
    }
    const baggage = fromBaggageHeader(readBaggage(first("baggage")));
    return baggage === undefined ? extracted : propagation.setBaggage(extracted, baggage);
  }

  fields(): string[] {
    return ["traceparent", "tracestate", "baggage"];
  }
}
