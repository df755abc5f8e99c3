import { load } from "../load-on-demand.ts";
import { onDemand } from "../on-demand.ts";
import type { PoolModule } from "./connection-pools.ts";
import { ConnectionStates } from "./connection-states.ts";
import type { Constructor } from "./constructor.ts";
import type { DatabaseOptions } from "./database-call.ts";
import { isOwnVersion } from "./is-own-version.ts";
import type { ModuleLoads } from "./module-loads.ts";
import type { MongodbModule } from "./mongodb-classes.ts";
import { followMysql2 } from "./mysql2-channels.ts";
import type { PgModule } from "./pg-classes.ts";

/** Drivers that we trace by wraps of our own, and pools that lie above them. Each is loaded with its library. */
export function instrumentDatabases(
  loads: ModuleLoads,
  isOn: (name: string) => boolean,
  common: Omit<DatabaseOptions, "states">,
): void {
  const options = { ...common, states: new ConnectionStates(common.pools?.names) };
  if (isOn("pg")) {
    const pg = onDemand(() => new (load("pg").PgInstrumentation)(options));
    loads.onLoaded("pg", (exports, file) => {
      pg().patchPg(exports as PgModule);
      options.plans?.foundPg(exports as PgModule, file);
    });
    loads.onLoaded("pg-pool", (exports) => pg().patchPool(exports as Constructor));
  }
  if (isOn("mysql2")) {
    const mysql2 = followMysql2(options);
    loads.onLoaded("mysql2", (_exports, file) => {
      if (isOwnVersion("mysql2", file())) mysql2().patch(file());
    });
  }
  if (isOn("mongodb")) {
    const mongodb = onDemand(() => new (load("mongodb").MongodbInstrumentation)(options));
    loads.onLoaded("mongodb", (exports, file) => mongodb().patch(exports as MongodbModule, file));
  }
  const pools = onDemand(
    () => new (load("connection-pools").ConnectionPools)(options.states, options.pools),
  );
  loads.onLoaded("tarn", (exports) => pools().patchTarn(exports as PoolModule));
  loads.onLoaded("sequelize-pool", (exports) => pools().patchSequelize(exports as PoolModule));
}
