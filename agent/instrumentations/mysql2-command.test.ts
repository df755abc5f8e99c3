import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { Guard } from "./guard.ts";
import { followCommand, queryOf } from "./mysql2-command.ts";

type Callback = (...args: unknown[]) => unknown;

function follow(args: readonly unknown[], invoke: (args: readonly unknown[]) => unknown) {
  const told: unknown[] = [];
  const call = {
    succeed: (result: unknown) => void told.push(["succeed", result]),
    fail: (error: unknown) => void told.push(["fail", error]),
  };
  const bind = <Fn>(callback: Fn) => callback;
  const result = () => followCommand(args, { call, guard: new Guard("mysql2"), bind }, invoke);
  return { told, result };
}

it("reads text and values in every form that mysql2 takes", () => {
  const sql = "SELECT ?";
  const callback = () => undefined;
  expect(queryOf([sql, [1], callback])).toEqual({ sql, values: [1] });
  expect(queryOf([sql, callback])).toEqual({ sql, values: undefined });
  expect(queryOf([{ sql, values: [1] }, callback])).toEqual({ sql, values: [1] });
  expect(queryOf([{ sql }, [1]])).toEqual({ sql, values: [1] });
});

it("ends a call in its callback, which is called as mysql2 calls it", () => {
  const seen: unknown[] = [];
  const callback = (...args: unknown[]) => seen.push(...args);
  const { told, result } = follow(["SELECT 1", callback], ([, given]) => {
    (given as Callback)(null, [1], "fields");
    return "command";
  });
  expect(result()).toBe("command");
  expect(told).toEqual([["succeed", [1]]]);
  expect(seen).toEqual([null, [1], "fields"]);
});

it("ends a call that emits by its events, and an error that nobody listens to still throws", () => {
  const command = new EventEmitter();
  const { told, result } = follow(["SELECT 1"], () => command);
  expect(result()).toBe(command);
  expect(command.listenerCount("error")).toBe(0);
  const error = new Error("no such table");
  expect(() => command.emit("error", error)).toThrow(error);
  command.emit("end");
  expect(told).toEqual([["fail", error]]);
});

it("a call that throws has failed", () => {
  const error = new TypeError("bind parameters");
  const { told, result } = follow(["SELECT ?", {}], () => {
    throw error;
  });
  expect(result).toThrow(error);
  expect(told).toEqual([["fail", error]]);
});
