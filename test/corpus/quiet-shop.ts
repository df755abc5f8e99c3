import { join } from "node:path";
import { faults, type Traffic } from "../demo/faults.ts";
import { runLoad } from "../demo/load.ts";
import { startShop } from "../demo/start-shop.ts";
import { startPostgres } from "../support/postgres.ts";
import type { RecordingSink } from "./recording-sink.ts";
import type { Story } from "./story.ts";

/** The whole shop on a quiet day: all of its services, and nobody asks for a page that has a fault. */
export const quietShop: Story = {
  name: "shop-quiet-with-culprit",
  services: [...new Set(faults.map(({ service }) => service))],
  finds: [],
  mayFind: [],
  unseen: [],
  resembles: [],
  isHeldOut: false,
};

const agentPath = join(import.meta.dirname, "../../agent/dist/register.mjs");
const durationMs = 300_000;
/** Requests a second to each page: with all pages together a tenth of a core. */
const perSecondMax = 0.8;

/** The page that several services put together; nothing is wrong with it. */
const home: Traffic = {
  method: "GET",
  route: "/home/:customer",
  path: (n) => `/home/${1 + ((n * 37) % 2_000)}`,
  perSecond: perSecondMax,
};

/** Runs the shop with customers who ask for the healthy pages only, and returns its traces. */
export async function recordQuietShop(sink: RecordingSink): Promise<Buffer> {
  const postgres = await startPostgres();
  try {
    const shop = await startShop({
      postgres,
      agentPath,
      otlpEndpoint: sink.url,
      env: {
        OTEL_RESOURCE_ATTRIBUTES: "service.version=1.0.0,deployment.environment.name=corpus",
      },
    });
    try {
      sink.take();
      const targets = faults.map(({ service, healthy }) => ({
        ...healthy,
        perSecond: Math.min(perSecondMax, healthy.perSecond),
        baseUrl: shop.urls[service],
      }));
      const gateway = { ...home, baseUrl: shop.urls["shop-gateway"] };
      const reports = await runLoad({ targets: [...targets, gateway], durationMs });
      const failed = reports.reduce((sum, report) => sum + report.failed + report.skipped, 0);
      if (failed > 0) throw new Error(`${failed} requests to the quiet shop failed`);
    } finally {
      await shop.stop();
    }
    return sink.take();
  } finally {
    await postgres.stop();
  }
}
