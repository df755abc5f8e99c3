import { type RunningServer, startDebianServer } from "./debian-server.ts";

const noDurability = ["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"];

/** Starts a real MariaDB with an empty database `test`; user `root` of the loopback interface has no password. */
export function startMariadb(): Promise<RunningServer> {
  return startDebianServer({
    name: "MariaDB",
    packageName: "mariadb-server",
    program: "/usr/sbin/mariadbd",
    toPrepareCommand: (folder) => [
      "/usr/bin/mariadb-install-db",
      "--no-defaults",
      `--datadir=${folder}/data`,
      "--auth-root-authentication-method=normal",
      "--skip-name-resolve",
    ],
    toArgs: (port, folder) => [
      "--no-defaults",
      `--datadir=${folder}/data`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      `--socket=${folder}/mariadb.sock`,
      `--pid-file=${folder}/mariadb.pid`,
      "--skip-name-resolve",
      ...noDurability,
    ],
    ready: /ready for connections/,
  });
}
