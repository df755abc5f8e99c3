import { EventEmitter } from "node:events";
import { INVALID_SPAN_CONTEXT, trace } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { ActiveContext, ActiveContexts } from "../tracing/active-context.ts";
import { bindBody } from "./bind-body.ts";

const createContext = () => new ActiveContext(trace.wrapSpanContext(INVALID_SPAN_CONTEXT));

/** As `IncomingMessage`: a class that inherits `emit`, and one of the application's own below it. */
function createClasses() {
  class Stream extends EventEmitter {}
  class Message extends Stream {}
  class OwnMessage extends Message {}
  return { Stream, Message, OwnMessage };
}

/** The contexts in which an emitter's listeners for "data" are called. */
function follow(contexts: ActiveContexts, emitter: EventEmitter): unknown[] {
  const seen: unknown[] = [];
  emitter.on("data", () => seen.push(contexts.current()));
  return seen;
}

it("calls listeners of a bound request in its context, and those of others where they are emitted", () => {
  const { Message } = createClasses();
  const contexts = new ActiveContexts();
  const [first, second, unbound] = [new Message(), new Message(), new Message()];
  const [firstContext, secondContext] = [createContext(), createContext()];
  const seen = [first, second, unbound].map((request) => follow(contexts, request));
  bindBody(contexts, firstContext, first);
  bindBody(contexts, secondContext, second);
  for (const request of [first, second, unbound]) request.emit("data");
  const connection = createContext();
  contexts.storage.run(connection, () => {
    for (const request of [first, second, unbound]) request.emit("data");
    expect(contexts.current()).toBe(connection);
  });
  expect(seen).toEqual([
    [firstContext, firstContext],
    [secondContext, secondContext],
    [undefined, connection],
  ]);
});

it("tells a listener what was emitted, and whoever emits whether anybody listens", () => {
  const { Message } = createClasses();
  const request = new Message();
  bindBody(new ActiveContexts(), createContext(), request);
  const told: unknown[] = [];
  request.on("data", function (this: unknown, ...args: unknown[]) {
    told.push(this, ...args);
  });
  expect(request.emit("data", 1, "two")).toBe(true);
  expect(request.emit("end")).toBe(false);
  expect(told).toEqual([request, 1, "two"]);
  const failing = new Error("nobody listens");
  expect(() => request.emit("error", failing)).toThrow(failing);
});

it("leaves nothing on the request that lists see, and an emit that looks like Node's", () => {
  const { Message } = createClasses();
  const [request, other] = [new Message(), new Message()];
  bindBody(new ActiveContexts(), createContext(), request);
  expect(Object.getOwnPropertyNames(request)).toEqual(Object.getOwnPropertyNames(other));
  expect(Object.keys(Message.prototype)).toEqual([]);
  const { emit } = EventEmitter.prototype;
  expect([request.emit.name, request.emit.length]).toEqual([emit.name, emit.length]);
});

it("goes through what somebody wraps later around the emit that a class inherits", () => {
  const { Stream, Message } = createClasses();
  const request = new Message();
  bindBody(new ActiveContexts(), createContext(), request);
  const events: unknown[] = [];
  Stream.prototype.emit = function (event, ...args) {
    events.push(event);
    return EventEmitter.prototype.emit.call(this, event, ...args);
  };
  request.emit("data");
  expect(events).toEqual(["data"]);
});

it("keeps a class's own emit, and binds a class of the application's below one that is bound", () => {
  const { Message, OwnMessage } = createClasses();
  const contexts = new ActiveContexts();
  const events: unknown[] = [];
  OwnMessage.prototype.emit = function (event, ...args) {
    events.push(event);
    return Message.prototype.emit.call(this, event, ...args);
  };
  const [request, own] = [new Message(), new OwnMessage()];
  const [context, ownContext] = [createContext(), createContext()];
  bindBody(contexts, context, request);
  bindBody(contexts, ownContext, own);
  const seen = follow(contexts, own);
  own.emit("data");
  expect([events, seen]).toEqual([["data"], [ownContext]]);
});

it("takes a request whose class is frozen as it is", () => {
  const { Message } = createClasses();
  Object.freeze(Message.prototype);
  const contexts = new ActiveContexts();
  const request = new Message();
  const seen = follow(contexts, request);
  bindBody(contexts, createContext(), request);
  request.emit("data");
  expect(seen).toEqual([undefined]);
});
