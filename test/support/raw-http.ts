import { once } from "node:events";
import { connect } from "node:net";

/** A GET as it goes over the wire. */
export function rawGet(path: string, ...headers: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, "Host: h", ...headers, "", ""].join("\r\n");
}

/** Writes everything at once on one connection, and gives all that comes back until it is closed, without dates. */
export async function talk(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1").on("data", (part) => {
    answer += part;
    if (answer.endsWith("bye")) socket.end();
  });
  socket.write(text);
  await once(socket, "close");
  return answer.replace(/^Date: .*$/gim, "Date");
}
