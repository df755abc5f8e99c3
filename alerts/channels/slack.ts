import type { Finding } from "../../analyzers/model/finding.ts";
import type { AlertChannel, SendResult } from "../alert-channel.ts";
import {
  checkDestination,
  type PostAnswer,
  PostError,
  type PostOptions,
  postJson,
} from "./post-json.ts";
import { type FindingLinks, toSlackMessage } from "./slack-message.ts";

export interface SlackChannelOptions extends Omit<PostOptions, "signal"> {
  /** Tells channels apart in the record of deliveries; never changes. */
  readonly name?: string;
  /** The incoming webhook. A secret: it is in no error and no log. */
  readonly webhookUrl: string;
  readonly toLinks: (finding: Finding) => FindingLinks;
}

/** Tells of findings through a Slack incoming webhook. Throws a `PostError` when the URL can't be a destination. */
export function createSlackChannel(options: SlackChannelOptions): AlertChannel {
  const { name = "slack", webhookUrl, toLinks, ...postOptions } = options;
  checkDestination(webhookUrl, postOptions);
  return {
    name,
    async send(finding, signal) {
      try {
        const message = toSlackMessage(finding, toLinks(finding));
        return toResult(await postJson(webhookUrl, message, { ...postOptions, signal }));
      } catch (error) {
        if (!(error instanceof PostError)) throw error;
        const outcome = error.code === "DESTINATION_REFUSED" ? "refused" : "try-again";
        return { outcome, reason: `${error.code}: ${error.message}` };
      }
    },
  };
}

/** 200 is a success; what Slack will say again however often we ask is refused; all else may pass. */
function toResult({ status, body, retryAfter }: PostAnswer): SendResult {
  if (status >= 200 && status < 300) return { outcome: "sent" };
  const reason = `HTTP ${status}${toErrorCode(body)}`;
  const mayPass = status >= 500 || status === 408 || status === 425 || status === 429;
  if (!mayPass) return { outcome: "refused", reason };
  return { outcome: "try-again", reason, ...(retryAfter !== undefined && { retryAfter }) };
}

/** Slack names errors in one word, e.g. "no_service". Anything else could be an echo of the secret, and is left out. */
function toErrorCode(body: string): string {
  return /^[a-z_]{1,60}$/.test(body) ? ` ${body}` : "";
}
