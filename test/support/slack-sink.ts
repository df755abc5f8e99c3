import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { SlackMessage } from "../../alerts/channels/slack-message.ts";
import { complainAbout } from "./slack-limits.ts";

/** What the sink does with the next request. Without a script it answers as Slack: 200 "ok", or 400 with the reason. */
export type SlackAnswer =
  | {
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Takes the request and says nothing. */
  | "silence"
  /** Answers 200 and sends without end. */
  | "flood";

export interface SlackSink {
  readonly url: string;
  /** Every message that came, also those answered with an error. */
  readonly received: readonly SlackMessage[];
  /** What was wrong with a message; Slack would have refused it. */
  readonly complaints: readonly string[];
  /** Adds answers for the requests to come. */
  answer(...answers: SlackAnswer[]): void;
  close(): Promise<void>;
}

/** An incoming webhook that holds messages to Slack's limits and remembers them. */
export async function startSlackSink(): Promise<SlackSink> {
  const script: SlackAnswer[] = [];
  const received: SlackMessage[] = [];
  const complaints: string[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const message = JSON.parse(body) as SlackMessage;
      const wrong = complainAbout(message);
      received.push(message);
      complaints.push(...wrong);
      const usual = wrong[0]
        ? { status: 400, body: "invalid_payload" }
        : { status: 200, body: "ok" };
      reply(response, script.shift() ?? usual);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/services/T000/B000/secret-of-the-webhook`,
    received,
    complaints,
    answer: (...answers) => void script.push(...answers),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function reply(response: ServerResponse, answer: SlackAnswer): void {
  if (answer === "silence") return;
  if (answer === "flood") {
    response.writeHead(200);
    const flood = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", flood);
    flood();
    return;
  }
  response.writeHead(answer.status, answer.headers).end(answer.body ?? "");
}
