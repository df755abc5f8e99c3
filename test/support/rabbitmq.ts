import { type RunningServer, startDebianServer } from "./debian-server.ts";

/** Starts a real RabbitMQ; user `guest` has the password `guest`. No epmd is started, which would outlive it. */
export function startRabbitmq(): Promise<RunningServer> {
  return startDebianServer({
    name: "RabbitMQ",
    packageName: "rabbitmq-server",
    program: "/usr/lib/rabbitmq/bin/rabbitmq-server",
    toArgs: () => [],
    ready: /completed with \d+ plugins/,
    env: (port, folder) => ({
      RABBITMQ_NODENAME: `culprit-${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: `${port}`,
      RABBITMQ_DIST_PORT: `${distributionPort(port)}`,
      RABBITMQ_MNESIA_BASE: `${folder}/data`,
      RABBITMQ_LOG_BASE: `${folder}/log`,
      RABBITMQ_LOGS: "-",
      RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/enabled_plugins`,
      RABBITMQ_CONF_ENV_FILE: "/dev/null",
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-start_epmd false -erl_epmd_port ${distributionPort(port)}`,
    }),
  });
}

/** For the tools of Erlang, which nobody uses here; it can't be switched off. */
function distributionPort(port: number): number {
  return port < 65_535 ? port + 1 : port - 1;
}
