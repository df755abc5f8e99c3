import type { JsonRewriter } from "./json-rewriter.ts";
import { type JsonObject, toObject, toObjects } from "./json-values.ts";

/** The fields of an OTLP Span. */
export function writeSpan(rewriter: JsonRewriter, span: JsonObject): void {
  rewriter.writeId(1, span, "traceId");
  rewriter.writeId(2, span, "spanId");
  rewriter.writeText(3, span, "traceState");
  rewriter.writeId(4, span, "parentSpanId");
  rewriter.writeText(5, span, "name");
  rewriter.writeEnum(6, span, "kind");
  rewriter.writeUint64(7, span, "startTimeUnixNano");
  rewriter.writeUint64(8, span, "endTimeUnixNano");
  rewriter.writeAttributes(9, span);
  rewriter.writeCount(10, span, "droppedAttributesCount");
  for (const event of toObjects(span.events, "events")) {
    rewriter.writeMessage(11, () => writeEvent(rewriter, event));
  }
  rewriter.writeCount(12, span, "droppedEventsCount");
  for (const link of toObjects(span.links, "links")) {
    rewriter.writeMessage(13, () => writeLink(rewriter, link));
  }
  rewriter.writeCount(14, span, "droppedLinksCount");
  const status = toObject(span.status, "status");
  if (status !== null) {
    rewriter.writeMessage(15, () => {
      rewriter.writeText(2, status, "message");
      rewriter.writeEnum(3, status, "code");
    });
  }
  rewriter.writeFlags(16, span, "flags");
}

function writeEvent(rewriter: JsonRewriter, event: JsonObject): void {
  rewriter.writeUint64(1, event, "timeUnixNano");
  rewriter.writeText(2, event, "name");
  rewriter.writeAttributes(3, event);
}

function writeLink(rewriter: JsonRewriter, link: JsonObject): void {
  rewriter.writeId(1, link, "traceId");
  rewriter.writeId(2, link, "spanId");
  rewriter.writeText(3, link, "traceState");
  rewriter.writeAttributes(4, link);
}
