import { channel } from "node:diagnostics_channel";
import { expect, test } from "vitest";
import { Guard, unloadInstrumentations } from "./guard.ts";

/** What can be thrown, and what throws when somebody looks at it. */
const thrown: Readonly<Record<string, unknown>> = {
  "an error": new Error("no"),
  "an error whose message can't be read": Object.defineProperty(new Error("no"), "message", {
    get() {
      throw new Error("hidden");
    },
  }),
  "a proxy that answers nothing": new Proxy(
    {},
    {
      get() {
        throw new Error("hidden");
      },
      getPrototypeOf() {
        throw new Error("hidden");
      },
    },
  ),
  "a frozen object without a prototype": Object.freeze(Object.create(null)),
  nothing: undefined,
};

test.each(Object.keys(thrown))("a subscription that throws %s five times is taken back", (what) => {
  const name = `guard test: ${what}`;
  const published = channel(name);
  const guard = new Guard("a library");
  let calls = 0;
  guard.subscribe(name, () => {
    calls += 1;
    throw thrown[what];
  });
  for (let i = 1; i <= 10; i += 1) {
    published.publish({});
    expect(published.hasSubscribers).toBe(i < 5);
  }
  expect(calls).toBe(5);
  expect(guard.isActive).toBe(false);
});

test("others that listen to the same channel get everything", () => {
  const name = "guard test: others";
  const published = channel(name);
  const messages: unknown[] = [];
  const onMessage = (message: unknown) => messages.push(message);
  const guard = new Guard("a library");
  guard.subscribe(name, () => {
    throw new Error("no");
  });
  published.subscribe(onMessage);
  for (let i = 0; i < 8; i += 1) published.publish(i);
  published.unsubscribe(onMessage);
  expect(messages).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("failures of wraps and listeners count together, and what was left to undo is undone once", () => {
  const guard = new Guard("a library");
  let undone = 0;
  guard.onUnload(() => {
    undone += 1;
  });
  const fail = () => {
    throw new Error("no");
  };
  let attempts = 0;
  const attempted = () => {
    attempts += 1;
    fail();
  };
  const listener = guard.bind(fail);
  for (let failures = 1; failures <= 8; failures += 1) {
    if (failures % 2 === 0) listener();
    else expect(guard.attempt(attempted)).toBeUndefined();
    expect(guard.isActive).toBe(failures < 5);
  }
  expect(undone).toBe(1);
  expect(attempts).toBe(3);
});

test("what does not throw comes through", () => {
  const guard = new Guard("a library");
  const calls: unknown[] = [];
  guard.bind((...args: number[]) => calls.push(args))(1, 2);
  expect(guard.attempt(() => 3)).toBe(3);
  expect(calls).toEqual([[1, 2]]);
  expect(guard.isActive).toBe(true);
});

test("all are unloaded at once when another agent comes", () => {
  const name = "guard test: all";
  const published = channel(name);
  const guard = new Guard("a library");
  guard.subscribe(name, () => undefined);
  unloadInstrumentations();
  expect(published.hasSubscribers).toBe(false);
  expect(guard.isActive).toBe(false);
});
