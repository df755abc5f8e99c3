import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect } from "node:net";
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

test("a client that goes on sending is told to go, and loses no answer", async () => {
  const closing = createServer();
  const port = await listen(closing, { host: "127.0.0.1", port: 0, flag: "--port" });
  const socket = connect(port, "127.0.0.1").setEncoding("utf8");
  const parts: string[] = [];
  socket.on("data", (text: string) => void parts.push(text));
  const ended = once(socket, "close");
  const send = async (): Promise<ServerResponse> => {
    const asked = once(closing, "request");
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return (await asked)[1];
  };
  const first = await send();
  const closed = closeServer(closing);
  first.end("first");
  (await send()).end("second");
  await Promise.all([closed, ended]);
  const [, one, two] = parts.join("").split("HTTP/1.1 200 OK");
  expect(one).toContain("first");
  expect(two).toContain("Connection: close");
  expect(two).toContain("second");
});
