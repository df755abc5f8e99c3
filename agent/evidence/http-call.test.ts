import { describe, expect, it } from "vitest";
import { toHttpCall } from "./http-call.ts";

const origin = "http://catalog:8080";
const statementOf = (path: string, method = "GET") =>
  toHttpCall({ method, origin, path }).statement;

describe("HTTP call", () => {
  it("is the same statement for every number, UUID, date and token in the path, and for every query", () => {
    for (const value of [
      "1",
      "9f0c2a9e-3d7b-4c11-8a52-0f5f3c1e7d20",
      "2026-11-22",
      "x".repeat(33),
    ]) {
      expect(statementOf(`/products/${value}/stock?at=${value}#top`)).toBe(
        "GET http://catalog:8080/products/*/stock",
      );
    }
  });

  it("is another statement for another method, host or word", () => {
    const statements = [
      statementOf("/products/1"),
      statementOf("/products/1", "HEAD"),
      statementOf("/orders/1"),
      toHttpCall({ method: "GET", origin: "http://other", path: "/products/1" }).statement,
    ];
    expect(new Set(statements).size).toBe(4);
  });

  it("of a path without end is cut", () => {
    expect(statementOf("/a".repeat(100_000)).length).toBeLessThan(100);
    expect(statementOf(`/${"a".repeat(100_000)}`)).toBe("GET http://catalog:8080/*");
  });

  it("has path and query as parameters, unless a body may hold more of them", () => {
    const path = "/products/1?currency=EUR";
    expect(toHttpCall({ method: "GET", origin, path }).params).toBe(path);
    expect(toHttpCall({ method: "POST", origin, path }).params).toBeNull();
  });
});
