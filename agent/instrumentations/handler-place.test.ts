import { expect, it } from "vitest";
import { HandlerPlace } from "./handler-place.ts";

function define() {
  return HandlerPlace.capture(define)!;
}

it("tells where a route is defined once for each pattern that leads there", () => {
  const place = define();
  expect(place.tell("/items/:id", "readItem")).toMatchObject({
    filePath: import.meta.filename,
    functionName: "readItem",
    frames: expect.stringMatching(/^\d+:\d+:[^\t]*handler-place.test.ts\treadItem\n/),
  });
  expect(place.tell("/items/:id", "readItem")).toBeUndefined();
  expect(place.tell("/v1/items/:id")).toMatchObject({ functionName: undefined });
});

it("tells no more when a handler has a pattern for each request", () => {
  const place = define();
  const told = Array.from({ length: 100 }, (_, i) => place.tell(`/${i}`));
  expect(told.filter((site) => site !== undefined)).toHaveLength(32);
});
