import { AttributeWriter } from "./attribute-writer.ts";
import type { DecodeRequest } from "./decode-request.ts";
import type { DecodeContext, RejectReason } from "./decoded-block.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";
import type { RowDecoder } from "./request-decoder.ts";
import type { ResourceMessage, ScopeMessage } from "./resource-message.ts";
import { ResourceWriter } from "./resource-writer.ts";
import { createSpanBlock } from "./span-block.ts";
import { SpanMessage } from "./span-message.ts";
import { SpanWriter } from "./span-writer.ts";

/** A row of `spans` for each OTLP Span. */
export function createSpanDecoder(request: DecodeRequest): RowDecoder {
  const block = createSpanBlock();
  const attributes = new AttributeWriter(request, block.keys, block.columns);
  const resources = new ResourceWriter(block.columns, attributes, request);
  const spans = new SpanWriter(request, block, attributes);
  const span = new SpanMessage();
  return {
    block,
    keyValue: attributes.keyValue,

    startRequest({ receivedMs }: DecodeContext) {
      resources.startRequest(receivedMs);
    },

    endRequest() {
      resources.endRequest();
    },

    read(reader: ProtobufReader, end: number, resource: ResourceMessage, scope: ScopeMessage) {
      request.countRow();
      span.read(reader, end, request.limits);
      const reason = judge(span, request);
      if (reason !== null) return request.reject(reason);
      resources.write(resource, scope);
      spans.write(span, reader);
    },
  };
}

function judge(span: SpanMessage, request: DecodeRequest): RejectReason | null {
  if (!request.isServiceAllowed) return "service_not_allowed";
  if (!request.isId(span.traceIdStart, span.traceIdEnd, 16)) return "invalid_trace_id";
  if (!request.isId(span.spanIdStart, span.spanIdEnd, 8)) return "invalid_span_id";
  const parentBytes = span.parentSpanIdEnd - span.parentSpanIdStart;
  if (parentBytes !== 0 && parentBytes !== 8) return "invalid_parent_span_id";
  if (!request.isInWindow(span.startLo, span.startHi)) return "outside_time_window";
  const isReversed =
    span.endHi < span.startHi || (span.endHi === span.startHi && span.endLo < span.startLo);
  if (isReversed) return "negative_duration";
  // One that began in the window and ends hours from now would be hours long.
  return request.isAfterWindow(span.endLo, span.endHi) ? "outside_time_window" : null;
}
