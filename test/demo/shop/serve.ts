import type { AddressInfo } from "node:net";
import type { Express } from "express";

/** Listens on a free port of the loopback interface and says which; on SIGTERM answers what it has and ends. */
export function serve(app: Express): void {
  app.get("/healthz", (_request, response) => {
    response.json({ status: "ok" });
  });
  const server = app.listen(0, "127.0.0.1", () => {
    process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`);
  });
  process.once("SIGTERM", () => server.close());
}
