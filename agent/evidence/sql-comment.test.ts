import fc from "fast-check";
import { expect, it } from "vitest";
import { SqlComments } from "./sql-comment.ts";

it("names route and service at the end of a statement", () => {
  const comments = new SqlComments("shop");
  expect(comments.addTo("SELECT 1", "/orders/:id")).toBe(
    "SELECT 1 /*route='%2Forders%2F%3Aid',service='shop'*/",
  );
  expect(comments.addTo("SELECT 1", "")).toBe("SELECT 1 /*service='shop'*/");
  expect(new SqlComments("").addTo("SELECT 1", "")).toBe("SELECT 1");
});

it("leaves a statement alone that has a comment", () => {
  const comments = new SqlComments("shop");
  expect(comments.addTo("SELECT 1 /* mine */", "/")).toBe("SELECT 1 /* mine */");
  expect(comments.addTo("SELECT 1 -- mine", "/")).toBe("SELECT 1 -- mine");
});

it("whatever service and route are called, the comment ends where it ends", () => {
  const name = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[*/'"%\\ -]{0,9}$/),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(name, name, (service, route) => {
      const text = new SqlComments(service).addTo("SELECT 1", route);
      expect(text).toMatch(/^SELECT 1(?: \/\*(?:(?:route|service)='[\w%.!~()-]+',?){1,2}\*\/)?$/);
    }),
  );
});
