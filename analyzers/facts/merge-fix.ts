import { childrenOf, type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { callKindOf, callLabel } from "./call-template.ts";
import type { RepeatedCalls } from "./repeated-calls.ts";
import { isSentMessage } from "./sent-messages.ts";

/** What to do so that repeated calls become one: steps for this very call, most important first. */
export function mergeFix(trace: TraceView, calls: RepeatedCalls): readonly string[] {
  const call = calls.spans[0]!;
  if (isSentMessage(trace, call)) return messageFix;
  if (callKindOf(trace, call) !== "database") return serviceFix(trace, call, calls.mode);
  return queryFix(trace, call, calls.driver);
}

const messageFix: readonly string[] = [
  "Gather the messages and send them in one call: producer.send({ messages }) of KafkaJS, SendMessageBatch of SQS (ten at a time), PublishBatch of SNS.",
  "Where the client has no such call, don't wait for each answer: publish all, then await them together (RabbitMQ: waitForConfirms once; Pub/Sub batches by itself).",
  "If each message must be sent before the next, or is noted as sent, let a worker send them from an outbox.",
];

function queryFix(trace: TraceView, call: SpanIndex, driver: SpanIndex | null): readonly string[] {
  const label = callLabel(trace, call);
  const system = trace.dbSystemName[call]!;
  const loader =
    "If the calls come from separate functions or resolvers, put a DataLoader between them: it gathers the keys of one tick into one query.";
  if (system === "mongodb") {
    return [
      `Gather the keys first, then run ${label} once with { $in: keys } and pick each document from a Map by its key.`,
      "With Mongoose, populate() the list instead of loading each document in the loop.",
      loader,
    ];
  }
  if (system === "redis" || system === "valkey") {
    return ["Read all keys with one MGET, or send the commands in one pipeline.", loader];
  }
  return [
    `Gather the values first and run ${label} once${asList(trace.dbQueryText[call]!, system)}; then pick each row from a Map by its key.`,
    driver === null
      ? `Or join ${label.replace(/^\w+ /, "")} into the query that loads the list.`
      : `Or join ${label.replace(/^\w+ /, "")} into ${callLabel(trace, driver)}, so that each row brings its own.`,
    loader,
  ];
}

function serviceFix(
  trace: TraceView,
  call: SpanIndex,
  mode: RepeatedCalls["mode"],
): readonly string[] {
  const callee = calleeOf(trace, call);
  const steps = [
    `Gather the ids first and ask ${callee} once for all of them${asBatch(callLabel(trace, call))}; then pick each answer from a Map by its id. If ${callee} has no such endpoint, add one.`,
    "If the calls come from separate functions or resolvers, put a DataLoader between them: it gathers the ids of one tick into one call.",
    "If most requests ask for the same few ids, cache the answers.",
  ];
  if (mode === "concurrent") return steps;
  return [
    ...steps,
    `Only until then: make a few calls at a time instead of one after the other. The request waits less, but ${callee} has the same work.`,
  ];
}

/** The service that answers, as its own spans name it; else its address. */
function calleeOf(trace: TraceView, call: SpanIndex): string {
  const server = childrenOf(trace, call).find((child) => trace.kind[child] === spanKind.server);
  if (server !== undefined) return trace.service[server]!;
  return trace.serverAddress[call] || "the other service";
}

/** ", such as GET /products?ids=…" of "GET /products/{id}". */
function asBatch(label: string): string {
  const list = /^(.*)\/\{[^}]*\}$/.exec(label)?.[1];
  return list === undefined || list.includes("{") ? "" : `, such as ${list}?ids=…`;
}

/** ", with id = ANY($1) instead of id = $1": the first comparison with a parameter. */
function asList(text: string, system: string): string {
  const comparison = /([\w."`[\]]+)\s*=\s*(\$\d+|\?|:\w+|@\w+|%s)/.exec(text);
  if (comparison === null) return " for all of them";
  const [found, column, parameter] = comparison;
  const list = system === "postgresql" ? `= ANY(${parameter})` : "IN (…)";
  return `, with ${column} ${list} instead of ${found}`;
}
