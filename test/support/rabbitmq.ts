import { type RunningServer, startDebianServer } from "./debian-server.ts";

/** RabbitMQ needs Erlang's epmd and would start one for the whole machine, which outlives it: this one ends with it. */
const withOwnEpmd = `
  epmd -port $ERL_EPMD_PORT -address 127.0.0.1 &
  epmd=$!
  "$@" &
  server=$!
  trap 'kill -TERM $server' TERM
  wait $server
  wait $server
  kill $epmd
`;

/** Starts a real RabbitMQ; user `guest` has the password `guest`. */
export function startRabbitmq(): Promise<RunningServer> {
  return startDebianServer({
    name: "RabbitMQ",
    packageName: "rabbitmq-server",
    program: "/usr/lib/rabbitmq/bin/rabbitmq-server",
    script: withOwnEpmd,
    toArgs: () => [],
    ready: /completed with \d+ plugins/,
    env: (port, folder, [epmdPort, distributionPort]) => ({
      ERL_EPMD_PORT: `${epmdPort}`,
      RABBITMQ_NODENAME: `culprit-${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: `${port}`,
      // For the tools of Erlang, which nobody uses here; it can't be switched off.
      RABBITMQ_DIST_PORT: `${distributionPort}`,
      RABBITMQ_MNESIA_BASE: `${folder}/data`,
      RABBITMQ_LOG_BASE: `${folder}/log`,
      RABBITMQ_LOGS: "-",
      RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/enabled_plugins`,
      RABBITMQ_CONF_ENV_FILE: "/dev/null",
    }),
  });
}
