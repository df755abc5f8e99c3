import { once } from "node:events";
import { connect } from "node:net";

/** The statuses of several POSTs of JSON that are sent at once on one connection. */
export async function pipelined(url: string, bodies: readonly string[]): Promise<number[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const requests = bodies.map((body) => {
    const headers = ["Host: 127.0.0.1", "Content-Type: application/json"];
    const length = `Content-Length: ${Buffer.byteLength(body)}`;
    return `POST /v1/traces HTTP/1.1\r\n${[...headers, length].join("\r\n")}\r\n\r\n${body}`;
  });
  socket.write(requests.join(""));
  let text = "";
  let statuses: number[] = [];
  while (statuses.length < bodies.length) {
    const [chunk] = await once(socket, "data");
    text += String(chunk);
    statuses = [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));
  }
  socket.destroy();
  return statuses;
}
