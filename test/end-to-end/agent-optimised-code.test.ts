import { afterEach, expect, it } from "vitest";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startNode } from "../support/processes.ts";
import { startTracedApp } from "../support/traced-app.ts";

/** V8 then says which of the assumptions it has made about all code of a thread holds no more. */
const flag = "--trace-protector-invalidation";
const requests = 20;

let sink: OtlpSink | undefined;

afterEach(() => sink?.stop());

function givenUp(output: string): string[] {
  const lines = output.matchAll(/^Invalidating protector cell (\w+)/gm);
  return [...new Set([...lines].map(([, assumption]) => assumption!))].sort();
}

/** Of an application that answers, and calls another service, after its spans have gone to the agent's thread several times. */
async function givenUpByApp(collector: OtlpSink | undefined): Promise<string[]> {
  const app = await startTracedApp("echo.cjs", {
    collectorUrl: collector?.url,
    flags: [flag],
    env: { OTEL_BSP_SCHEDULE_DELAY: "5" },
  });
  for (let i = 1; i <= requests; i += 1) {
    expect(await app.get("/self")).toBe("onetwothree");
    // Of the request, its call, and the request that this makes.
    await collector?.waitFor((spans) => spans.length >= 3 * i);
  }
  await app.stop();
  return givenUp(app.output());
}

it("V8 gives up no assumption because of the agent", async () => {
  sink = await startOtlpSink();
  expect(await givenUpByApp(sink)).toEqual(await givenUpByApp(undefined));
});

it("a buffer that is handed over is one that V8 would tell of", async () => {
  const code =
    "const { buffer } = new Uint8Array(8); structuredClone(buffer, { transfer: [buffer] })";
  const node = await startNode({ args: [flag, "--eval", code] });
  await node.ended;
  expect(givenUp(node.output())).toContain("ArrayBufferDetaching");
});
