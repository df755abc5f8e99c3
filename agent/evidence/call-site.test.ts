import { runInThisContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { captureCallSite, type Frame, findCallSite } from "./call-site.ts";

function frame(file: string | null, line: number | null = 1, name: string | null = null): Frame {
  return {
    getFileName: () => file,
    getLineNumber: () => line,
    getColumnNumber: () => 7,
    getFunctionName: () => name,
  };
}

describe("call site", () => {
  it("is the first frame that is neither Node's nor a package's", () => {
    const frames = [
      frame("node:internal/process/task_queues", 95),
      frame("/app/node_modules/pg/lib/client.js", 526, "query"),
      frame(null, null, "Array.map"),
      frame("C:\\app\\node_modules\\knex\\lib\\client.js", 7),
      frame("/app/orders.js", 12, "findCustomer"),
      frame("/app/server.js", 3, "main"),
      frame("/app/start.js", 2),
    ];
    expect(findCallSite(frames)).toEqual({
      filePath: "/app/orders.js",
      lineNumber: 12,
      functionName: "findCustomer",
      frames: "12:7:/app/orders.js\tfindCustomer\n3:7:/app/server.js\tmain\n",
    });
  });

  it("of an ES module is a path, and of an anonymous function has no name", () => {
    expect(findCallSite([frame("file:///app/my%20orders.mjs", 4)])).toEqual({
      filePath: "/app/my orders.mjs",
      lineNumber: 4,
      functionName: undefined,
      frames: "4:7:/app/my orders.mjs\t\n",
    });
  });

  it("is not the function that a compiler calls decorators with", () => {
    const frames = [
      frame("/app/node_modules/reflect-metadata/Reflect.js", 100, "decorate"),
      frame("/app/items.controller.js", 5, "__decorate"),
      frame("/app/items.controller.js", 40),
    ];
    expect(findCallSite(frames)).toMatchObject({ lineNumber: 40 });
  });

  it("is missing when no frame is the application's", () => {
    expect(findCallSite([frame("node:fs"), frame("/app/node_modules/pg/lib/client.js")])).toBe(
      undefined,
    );
    expect(findCallSite([])).toBeUndefined();
  });
});

describe("capturing a call site", () => {
  const { prepareStackTrace, stackTraceLimit } = Error;
  afterEach(() => {
    Object.defineProperty(Error, "prepareStackTrace", { writable: true, value: prepareStackTrace });
    Error.stackTraceLimit = stackTraceLimit;
  });

  function wrapped() {
    return captureCallSite(wrapped);
  }

  it("names the caller, across an await", async () => {
    async function listOrders() {
      await Promise.resolve();
      return wrapped();
    }
    expect(await listOrders()).toMatchObject({
      filePath: import.meta.filename,
      functionName: "listOrders",
    });
  });

  it("is found above as many of Node's frames as are asked for", () => {
    const source =
      "(capture) => { const run = (left) => left > 0 ? run(left - 1) : capture(); return run(30) }";
    const callFromNode = runInThisContext(source, { filename: "node:fetch" });
    const above = (framesMax?: number) =>
      callFromNode(function capture() {
        return captureCallSite(capture, framesMax);
      });
    expect(above(48)).toMatchObject({ filePath: import.meta.filename, functionName: "above" });
    expect(above()).toBeUndefined();
  });

  it("leaves Error as the application has set it", () => {
    const ours = () => "the application's";
    Error.prepareStackTrace = ours;
    Error.stackTraceLimit = 3;
    expect(wrapped()).toBeDefined();
    expect(Error.prepareStackTrace).toBe(ours);
    expect(Error.stackTraceLimit).toBe(3);
    expect(new Error("x").stack).toBe("the application's");
  });

  it("works with a stack trace limit of 0", () => {
    Error.stackTraceLimit = 0;
    expect(wrapped()).toBeDefined();
  });

  it("is given up where Error can't be changed", () => {
    Object.defineProperty(Error, "prepareStackTrace", { writable: false });
    expect(wrapped()).toBeUndefined();
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  });
});
