import {
  defineTraceDetector,
  type GuardId,
  type Observation,
  type TraceChange,
} from "../detector.ts";
import { requestMaxNs } from "../facts/call-guards.ts";
import { callLabel, isDatabaseCall, isListCall, operationOf } from "../facts/call-template.ts";
import {
  endpointIdentity,
  endpointLabel,
  endpointOf,
  endpointSpanOf,
  isHealthCheck,
} from "../facts/endpoint-span.ts";
import { blockSpanName } from "../facts/event-loop-blocks.ts";
import { callGroups, countRepeats } from "../facts/repeated-calls.ts";
import type { Confidence } from "../model/finding.ts";
import {
  childrenOf,
  durationNs,
  type SpanIndex,
  spanKind,
  type TraceView,
} from "../model/trace-view.ts";

/**
 * An endpoint reads, or answers with, everything there is:
 *
 *   GET /products         |─────────────────────|       2.1 MB
 *     SELECT products       |────────|                  5,000 rows, no limit: more with each product
 */
export const oversizedResponse = defineTraceDetector<Options>({
  meta: {
    id: "oversized-response",
    version: 4,
    title: "Oversized response",
    description: "An endpoint reads or returns far more than a page of data; ask for a part of it.",
    severity: "warning",
    // Nobody reads a thousand rows, and 500 kB of JSON take a phone seconds.
    defaults: { rowsMin: 1000, bytesMin: 500000 },
  },

  isCandidate: ({ returnedRows, responseBytes }, { rowsMin, bytesMin }) =>
    returnedRows >= rowsMin || responseBytes >= bytesMin,

  detect(trace, options) {
    const bigReads = Map.groupBy(readsOfManyRows(trace, options), (span) =>
      endpointSpanOf(trace, span),
    );
    for (let span = 0; span < trace.size; span++) {
      const isLarge = trace.responseBytes[span]! >= options.bytesMin;
      if (isLarge && trace.kind[span] === spanKind.server && !bigReads.has(span)) {
        bigReads.set(span, []);
      }
    }
    return [...bigReads].map(([endpointSpan, reads]) =>
      toObservation(trace, endpointSpan, reads, options),
    );
  },
});

interface Options {
  /** Rows that one query returns. */
  readonly rowsMin: number;
  /** Body of the answer. */
  readonly bytesMin: number;
}

/** A query that runs more often is a loop's, and each time returns little. */
const repeatsMax = 4;

function readsOfManyRows(trace: TraceView, { rowsMin }: Options): SpanIndex[] {
  return callGroups(trace)
    .flatMap((calls) => {
      const isRead = isDatabaseCall(trace, calls[0]!) && operationOf(trace, calls[0]!) === "read";
      if (!isRead || countRepeats(trace, calls) > repeatsMax) return [];
      return calls.filter((span) => trace.returnedRows[span]! >= rowsMin);
    })
    .sort((a, b) => a - b);
}

function toObservation(
  trace: TraceView,
  endpointSpan: SpanIndex,
  reads: readonly SpanIndex[],
  options: Options,
): Observation {
  const unlimited = reads.filter((span) => !hasLimit(trace, span));
  const told = unlimited.length > 0 ? unlimited : reads;
  const spans = told.length > 0 ? told : [endpointSpan];
  const suppressedBy = guardOf(trace, endpointSpan, told, unlimited, options);
  return {
    identity: endpointIdentity(trace, endpointSpan),
    summary: `${endpointLabel(endpointOf(trace, endpointSpan))} ${sentenceOf(trace, endpointSpan, told, unlimited)}`,
    endpointSpan,
    spans,
    repeats: countRepeats(trace, spans),
    confidence: confidenceOf(trace, endpointSpan, unlimited, told, options),
    changes: told.length > 0 ? [toPage(trace, endpointSpan, told, options)] : [],
    fix: [
      told.length > 0
        ? `Read a page: let ${callLabel(trace, told[0]!)} end in LIMIT, and go on behind the last key of the page before (keyset pagination), which stays fast on page 1,000, too.`
        : "Answer with a page, and with a link to the next one.",
      "Select only the columns that the caller uses; sum and count in the database instead of in the application.",
      "If all of it is wanted (an export), stream it: rows from a cursor, written as they come, so that no request holds all of it in memory.",
      isCompressible(trace, endpointSpan)
        ? "Compress it: clients take it compressed, and got it as it is. In a proxy in front of the application, or as it is streamed, not at once in the event loop."
        : "Compress answers (gzip, br) in front of the application, not in its event loop.",
    ],
    ...(suppressedBy && { suppressedBy }),
  };
}

/**
 * A page instead of everything: the query returns fewer rows, and what the request does between the query's end, or that
 * of its last call, and its own end is for these rows: objects, JSON, sending.
 *
 *   GET /products   |────────────────────────|
 *     SELECT          |──────|xxxxxxxxxxxxxxx|
 */
function toPage(
  trace: TraceView,
  endpointSpan: SpanIndex,
  reads: readonly SpanIndex[],
  { rowsMin, bytesMin }: Options,
): TraceChange {
  const rows = reads.reduce((most, span) => Math.max(most, trace.returnedRows[span]!), 0);
  const excess = Math.max(rows / rowsMin, trace.responseBytes[endpointSpan]! / bytesMin);
  const lastEnd = childrenOf(trace, endpointSpan).reduce(
    // What blocks the event loop is this very work.
    (last, child) =>
      trace.name[child] === blockSpanName ? last : Math.max(last, trace.end[child]!),
    trace.start[endpointSpan]!,
  );
  return {
    kind: "read-page",
    spans: [...reads, endpointSpan],
    removableNs: [
      ...reads.map((span) => durationNs(trace, span)),
      Math.max(0, trace.end[endpointSpan]! - lastEnd),
    ],
    leftShare: Math.min(1, 1 / excess),
  };
}

function sentenceOf(
  trace: TraceView,
  endpointSpan: SpanIndex,
  reads: readonly SpanIndex[],
  unlimited: readonly SpanIndex[],
): string {
  const bytes = trace.responseBytes[endpointSpan]!;
  const answer = `answers with ${bytesText(bytes)}${formOf(trace, endpointSpan)}`;
  if (reads.length === 0) return answer;
  const most = reads.reduce((a, b) => (trace.returnedRows[b]! > trace.returnedRows[a]! ? b : a));
  const limit = unlimited.length > 0 ? " without a limit" : "";
  const rows = `reads ${trace.returnedRows[most]!.toLocaleString("en")} rows${limit}: ${callLabel(trace, most)}`;
  return bytes === 0 ? rows : `${answer}, and ${rows}`;
}

/** How it was sent, as far as that is known. */
function formOf(trace: TraceView, endpointSpan: SpanIndex): string {
  const forms = [
    ...(isMadeFirst(trace, endpointSpan) ? ["made in one piece"] : []),
    ...(isCompressible(trace, endpointSpan) ? ["not compressed"] : []),
  ];
  return forms.length === 0 ? "" : ` (${forms.join(", ")})`;
}

/** Of a file the length is known before it is read; of data only once all of it is there. */
function isMadeFirst(trace: TraceView, endpointSpan: SpanIndex): boolean {
  const isWhole = trace.isResponseWhole[endpointSpan] === 1;
  return isWhole && data.test(trace.responseContentType[endpointSpan]!);
}

const text = /^(text[/]|application[/](.+[+])?(json|xml|javascript|ld[+]json)$|image[/]svg)/;

/** The client takes text compressed, and got it as it is. What else is sent is mostly compressed by its own format. */
function isCompressible(trace: TraceView, endpointSpan: SpanIndex): boolean {
  const isUncompressed = trace.isResponseUncompressed[endpointSpan] === 1;
  return isUncompressed && text.test(trace.responseContentType[endpointSpan]!);
}

function bytesText(bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1000)} kB`;
}

/** What programs exchange: no document that somebody wrote. */
const data = /^application[/](.+[+])?(json|xml)$/;

/**
 * A statement without a limit that fills a large answer is certain; rows or bytes alone may have a reason. Of bytes that no
 * query brought nobody knows whether they are a list at all, or a document, a picture, a stream; unless their type says it.
 */
function confidenceOf(
  trace: TraceView,
  endpointSpan: SpanIndex,
  unlimited: readonly SpanIndex[],
  reads: readonly SpanIndex[],
  { bytesMin }: Options,
): Confidence {
  const isData = data.test(trace.responseContentType[endpointSpan]!);
  if (reads.length === 0) return isData ? "medium" : "low";
  const isLarge = trace.responseBytes[endpointSpan]! >= bytesMin;
  return unlimited.length > 0 && isLarge ? "high" : "medium";
}

const limit =
  /\blimit\b|\bfetch\s+(first|next)\b|\bselect\s+(distinct\s+)?top\b|\brownum\b|"limit"/i;

function hasLimit(trace: TraceView, span: SpanIndex): boolean {
  return limit.test(trace.dbQueryText[span]!);
}

/** Why so much is right; the first that holds names the reason. */
function guardOf(
  trace: TraceView,
  endpointSpan: SpanIndex,
  reads: readonly SpanIndex[],
  unlimited: readonly SpanIndex[],
  { bytesMin }: Options,
): GuardId | undefined {
  if (trace.kind[endpointSpan] !== spanKind.server) return "no-request";
  const endpoint = endpointOf(trace, endpointSpan);
  if (isHealthCheck(endpoint)) return "health-check";
  // A stream: nobody waits for its end.
  if (durationNs(trace, endpointSpan) > requestMaxNs) return "long-lived";
  const { route } = endpoint;
  const isPart = trace.httpResponseStatusCode[endpointSpan] === partialContent;
  const type = trace.responseContentType[endpointSpan]!;
  if (streamType.test(type)) return "stream";
  if (isPart || download.test(route) || fileType.test(type)) return "download";
  const bytes = trace.responseBytes[endpointSpan]!;
  if (reads.length === 0) return isRelayed(trace, endpointSpan) ? "relayed" : undefined;
  if (reads.every((span) => isListCall(trace, span))) return "batched-lists";
  return unlimited.length === 0 && bytes < bytesMin ? "limit" : undefined;
}

/** Routes that are there to hand out a whole: exports, files, feeds, what a machine scrapes. */
const download =
  /(?<![a-z])(exports?|downloads?|dump|backup|report|rss|atom|sitemap|archive|metrics|static|assets|files?|images?|photos?|avatars?|thumbnails?|attachments?|videos?|audio|media|blobs?|raw|pdf|csv|xlsx|zip)(?![a-z])|[.](csv|tsv|xlsx?|pdf|zip|gz|xml|txt|png|jpe?g|gif|svg|webp|mp4|js|css|map|woff2?)\b|\*/i;
/** What is handed out as a whole says so by its type, too. */
const fileType =
  /^((image|audio|video|font|model)[/]|text[/](csv|tab-separated-values|calendar|css|javascript)$|multipart[/]|application[/](octet-stream|pdf|zip|gzip|zstd|wasm|rtf|epub[+]zip|javascript|(rss|atom)[+]xml|x-(tar|bzip2?|7z-compressed|gzip|rar-compressed|sqlite3)|vnd[.](ms-|openxmlformats-|oasis[.]|apache[.]parquet).*)$)/;
/** Written as it comes: nobody holds all of it. */
const streamType =
  /^(text[/]event-stream|application[/](x-ndjson|ndjson|jsonl|x-jsonlines|json-seq))$/;
/** The answer to a request with a `Range`: a part of a file. */
const partialContent = 206;

/** What another service answered is passed on: it is that one's. */
function isRelayed(trace: TraceView, endpointSpan: SpanIndex): boolean {
  const bytes = trace.responseBytes[endpointSpan]!;
  return childrenOf(trace, endpointSpan).some((child) => {
    const received = trace.responseBytes[child]!;
    return trace.kind[child] === spanKind.client && received >= bytes * 0.8;
  });
}
