import { createServer } from "node:http";
import { expect, test } from "vitest";
import { closeServer, listen } from "./listen.ts";

const server = createServer();

test("a port that is taken is answered with the flag for another", async () => {
  const port = await listen(server, { host: "127.0.0.1", port: 0, flag: "--port" });
  const second = listen(createServer(), { host: "127.0.0.1", port, flag: "--grpc-port" });
  await expect(second).rejects.toThrow(`port ${port} is taken: choose another with --grpc-port`);
  await closeServer(server);
});

test("an address of another machine is answered with the flag for another", async () => {
  // Of RFC 5737, for documentation: no machine has it.
  const listening = listen(createServer(), { host: "192.0.2.1", port: 0, flag: "--port" });
  await expect(listening).rejects.toThrow("choose another with --host");
});
