import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toException, toRedactedException } from "./exception-attributes.ts";

const textOf = (error: unknown) => Object.values(toRedactedException(error)).join("\n");

describe("an exception that the agent has seen", () => {
  it("has its type, its message without what it quotes, and its frames", () => {
    const error = new RangeError("no item 42 of \"ann\" for ann@example.org, key 'k', `t`");
    const { stack = "" } = error;
    expect(toRedactedException(error)).toEqual({
      "exception.type": "RangeError",
      "exception.message": "no item ? of ? for ? key ?, ?",
      "exception.stacktrace": `RangeError: no item ? of ? for ? key ?, ?${stack.slice(stack.indexOf("\n    at "))}`,
    });
  });

  it("tells nothing of what it quotes, wherever that stands", () => {
    const quoted = fc
      .tuple(
        fc.constantFrom('"', "'", "`"),
        fc.stringMatching(/^[ A-Za-z.\n]{0,9}secret[ a-z]{0,9}$/),
      )
      .map(([quote, text]) => quote + text + quote);
    const message = fc
      .array(fc.oneof(quoted, fc.constantFrom("no such", "key", "\n", ":")))
      .map((parts) => parts.join(" "));
    fc.assert(
      fc.property(message, (text) => {
        expect(textOf(new Error(text))).not.toContain("secret");
      }),
    );
  });

  it.each([
    ["looks like a frame itself", (error: Error) => error],
    ["has no frames", (error: Error) => Object.assign(error, { stack: `Error: ${error.message}` })],
    ["has a stack of something else", (error: Error) => Object.assign(error, { stack: "secret" })],
  ])("tells nothing of a message that %s", (_, change) => {
    const error = change(new Error('bad "x\n    at secret (secret.js:1:1)"'));
    expect(textOf(error)).not.toContain("secret");
  });

  it.each([
    [undefined],
    [null],
    ["secret"],
    [7],
    [Object.create(null)],
    [{ message: 7, stack: 7 }],
  ])("may be anything: %s", (thrown) => {
    expect(textOf(thrown)).not.toContain("secret");
  });
});

describe("an exception that the application records", () => {
  it("is told as it is, up to its limits", () => {
    const error = Object.assign(new Error("m".repeat(9_000)), { code: "E_NO" });
    const told = toException(error);
    expect(told["exception.type"]).toBe("E_NO");
    expect(told["exception.message"]).toHaveLength(1_024);
    expect(told["exception.stacktrace"]).toHaveLength(4_096);
    expect(toException("a text")).toEqual({ "exception.message": "a text" });
  });
});
