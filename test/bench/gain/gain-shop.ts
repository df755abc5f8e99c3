import { join } from "node:path";
import { startService, startShop } from "../../demo/start-shop.ts";
import { startPostgres } from "../../support/postgres.ts";
import type { NodeProcess } from "../../support/processes.ts";
import { type GainCase, type Level, pagesService } from "./gain-cases.ts";

export interface GainShop {
  urlOf(service: GainCase["service"]): string;
  /** All services end, and with them the last of what they have seen is sent. */
  stop(): Promise<void>;
}

const agentPath = join(import.meta.dirname, "../../../agent/dist/register.mjs");

/** The shop and its pages on a PostgreSQL of their own; the level is what their spans have as environment. */
export async function startGainShop(level: Level, otlpEndpoint: string): Promise<GainShop> {
  const postgres = await startPostgres();
  const OTEL_RESOURCE_ATTRIBUTES = `service.version=1.0.0,deployment.environment.name=${level}`;
  const options = { postgres, agentPath, otlpEndpoint, env: { OTEL_RESOURCE_ATTRIBUTES } };
  try {
    const shop = await startShop(options);
    const running = new Map<string, NodeProcess>();
    const stop = async () => {
      await Promise.all([shop.stop(), running.get(pagesService)?.stop()]);
      await postgres.stop();
    };
    const env = { DATABASE_URL: postgres.url("shop") };
    const pages = await startService(pagesService, env, options, running);
    return { urlOf: (service) => (service === pagesService ? pages : shop.urls[service]), stop };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}
