import { propagation } from "@opentelemetry/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBaggageHeader, toBaggageHeader } from "./baggage.ts";
import { readBaggage } from "./w3c-headers.ts";

describe("baggage", () => {
  it("comes back as it was sent, whatever its keys and values are", () => {
    const entries = fc.dictionary(
      fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }),
      fc.record({ value: fc.string({ maxLength: 40, unit: "grapheme" }) }),
      { maxKeys: 20, noNullPrototype: true },
    );
    fc.assert(
      fc.property(entries, (given) => {
        const header = toBaggageHeader(propagation.createBaggage(given));
        expect(readBaggage(header)).toBe(header);
        const read = fromBaggageHeader(header)?.getAllEntries() ?? [];
        expect(new Map(read)).toEqual(new Map(Object.entries(given)));
      }),
    );
  });

  it("that makes no sense is never a reason to throw, and what is passed on can be sent", () => {
    const member = fc.constantFrom(",", ";", "=", "%", "%zz", " ", "a=1", "b=%F0%9F", "\t");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(member).map((it) => it.join("")),
    );
    fc.assert(
      fc.property(text, (header) => {
        const baggage = fromBaggageHeader(header);
        const own = propagation.createBaggage({ [header]: { value: header } });
        for (const it of [baggage ?? own, own]) {
          expect(toBaggageHeader(it)).toMatch(/^[\x21-\x7e]*$/);
        }
      }),
    );
  });

  it("is bounded: what is too much is not sent", () => {
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`key-${i}`, { value: "x".repeat(100) }]),
    );
    const header = toBaggageHeader(propagation.createBaggage(many));
    expect(header.length).toBeGreaterThan(8_000);
    expect(header.length).toBeLessThanOrEqual(8_192);
  });
});
