import { describe, expect, test } from "vitest";
import { toBarPath } from "./bar-path.ts";

const BAND = { top: 4, bottom: 12 };

/** [left, width] of each rectangle in the path, of 1000. */
function rectangles(path: string): number[][] {
  return [...path.matchAll(/M([\d.]+) 4h([\d.]+)V12h-[\d.]+z/g)].map(([, left, width]) => [
    Number(left),
    Number(width),
  ]);
}

describe("toBarPath", () => {
  test("draws each section to scale", () => {
    const sections = [
      { startNs: 0, endNs: 250 },
      { startNs: 500, endNs: 1000 },
    ];
    expect(rectangles(toBarPath(sections, 1000, BAND))).toEqual([
      [0, 250],
      [500, 500],
    ]);
  });

  test("a section too short to see still shows, and inside the drawing", () => {
    expect(rectangles(toBarPath([{ startNs: 1e9, endNs: 1e9 }], 1e9, BAND))).toEqual([
      [998.5, 1.5],
    ]);
  });

  test("a trace without duration is drawn", () => {
    expect(rectangles(toBarPath([{ startNs: 0, endNs: 0 }], 0, BAND))).toEqual([[0, 1.5]]);
  });

  test("of ten thousand long sections with short gaps a solid bar is left", () => {
    const sections = Array.from({ length: 10_000 }, (_, index) => ({
      startNs: index * 100,
      endNs: index * 100 + 95,
    }));
    expect(rectangles(toBarPath(sections, 1e6, BAND))).toEqual([[0, 1000]]);
  });

  test("of the gaps between them nothing is left", () => {
    const gaps = Array.from({ length: 10_000 }, (_, index) => ({
      startNs: index * 100 + 95,
      endNs: index * 100 + 100,
    }));
    expect(toBarPath(gaps, 1e6, BAND)).toBe("");
  });
});
