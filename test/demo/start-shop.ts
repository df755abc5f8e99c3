import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Postgres } from "../support/postgres.ts";
import { type NodeProcess, startNode } from "../support/processes.ts";
import { faults, type ServiceName } from "./faults.ts";
import type { LoadTarget } from "./load.ts";
import { seedShop } from "./seed-shop.ts";

export interface ShopOptions {
  readonly postgres: Postgres;
  /** The agent for ES modules, which the services are (`agent/dist/register.mjs`); without it they run bare. */
  readonly agentPath?: string;
  /** Where the agents send what they see: "http://127.0.0.1:4318". */
  readonly otlpEndpoint?: string;
  readonly serviceVersion?: string;
  /** Added to every service's environment, such as settings of the agent. */
  readonly env?: Readonly<Record<string, string>>;
  /** A Node other than the one that runs us; it must strip types. */
  readonly node?: string;
}

export interface Shop {
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly processes: Readonly<Record<ServiceName, NodeProcess>>;
  stop(): Promise<void>;
}

/** Seeds the database and starts the services, each a process of its own; all of them answer when this returns. */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const DATABASE_URL = await seedShop(options.postgres);
  const running = new Map<string, NodeProcess>();
  const stop = async () => {
    await Promise.all([...running.values()].map((child) => child.stop()));
  };
  const start = (service: ServiceName, env: Record<string, string> = {}) =>
    startService(service, { ...env, DATABASE_URL }, options, running);

  try {
    const [catalog, orders, recommendations, invoices] = await Promise.all([
      start("shop-catalog"),
      start("shop-orders"),
      start("shop-recommendations"),
      start("shop-invoices"),
    ]);
    const gateway = await start("shop-gateway", { CATALOG_URL: catalog, ORDERS_URL: orders });
    const checkout = await start("shop-checkout", { PAYMENTS_URL: gateway, CARRIER_URL: gateway });
    const urls = {
      "shop-catalog": catalog,
      "shop-checkout": checkout,
      "shop-gateway": gateway,
      "shop-invoices": invoices,
      "shop-orders": orders,
      "shop-recommendations": recommendations,
    };
    return { urls, processes: Object.fromEntries(running) as Shop["processes"], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts the service of a file of `shop/` and adds its process to `running`. Returns where it listens. */
export async function startService(
  service: string,
  env: Record<string, string>,
  { agentPath, otlpEndpoint, serviceVersion = "1.0.0", env: extra, node }: ShopOptions,
  running: Map<string, NodeProcess>,
): Promise<string> {
  const file = join(import.meta.dirname, "shop", `${service.replace("shop-", "")}.ts`);
  const child = await startNode({
    args: [...(agentPath === undefined ? [] : ["--import", pathToFileURL(agentPath).href]), file],
    env: {
      ...env,
      OTEL_SERVICE_NAME: service,
      OTEL_RESOURCE_ATTRIBUTES: `service.version=${serviceVersion},deployment.environment.name=demo`,
      ...(otlpEndpoint === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint }),
      ...extra,
    },
    ...(node === undefined ? {} : { node }),
  });
  running.set(service, child);
  const [, port] = await child.waitFor(/listening on (\d+)/);
  const url = `http://127.0.0.1:${port}`;
  const health = await fetch(`${url}/healthz`);
  if (!health.ok) throw new Error(`${service} is not well: ${child.output()}`);
  return url;
}

/** The traffic of the demo: every fault's endpoint and its twin. */
export function shopTraffic(urls: Shop["urls"]): LoadTarget[] {
  return faults.flatMap(({ service, faulty, healthy }) =>
    [faulty, healthy].map((traffic) => ({ ...traffic, baseUrl: urls[service] })),
  );
}
