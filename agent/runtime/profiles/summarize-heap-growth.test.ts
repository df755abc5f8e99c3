import { expect, test } from "vitest";
import { SourceMaps } from "../../source-maps/source-maps.ts";
import { ProfiledFrames } from "./profiled-frames.ts";
import { summarizeHeapGrowth } from "./summarize-heap-growth.ts";

const frames = new ProfiledFrames(new SourceMaps(() => undefined), "/app");

interface Allocations {
  /** Bytes by the place where they were allocated. */
  readonly [place: string]: number;
}

/** `remember` and `read` are the application's, `push` is called by `remember`, in a package. */
function profile({ remember = 0, push = 0, read = 0 }: Allocations) {
  const node = (id: number, functionName: string, url: string, selfSize: number, children = []) => {
    const callFrame = { functionName, url, lineNumber: 11, columnNumber: 4, scriptId: "1" };
    return { id, callFrame, selfSize, children };
  };
  const inPackage = node(3, "push", "/app/node_modules/lru/index.js", push);
  const head = {
    ...node(1, "(root)", "", 0),
    children: [
      { ...node(2, "remember", "/app/src/cache.js", remember), children: [inPackage] },
      node(4, "read", "/app/src/read.js", read),
    ],
  };
  return { head, samples: [] };
}

test("what the second profile holds more than the first is told by the application's place", () => {
  const first = profile({ remember: 1_000, push: 500, read: 9_000 });
  const second = profile({ remember: 4_000, push: 2_500, read: 8_000 });
  expect(summarizeHeapGrowth(first, second, frames)).toEqual({
    grownBytes: 4_000,
    sites: [expect.objectContaining({ bytes: 5_000 })],
    stacks: "remember (src/cache.js:12) 3000\nremember (src/cache.js:12);push [lru] 2000",
  });
  const [site] = summarizeHeapGrowth(first, second, frames).sites;
  expect(site?.frame.label).toBe("remember (src/cache.js:12)");
});

test("a heap that only changes has no site", () => {
  const same = profile({ remember: 4_000 });
  expect(summarizeHeapGrowth(same, same, frames)).toEqual({ grownBytes: 0, sites: [], stacks: "" });
});
