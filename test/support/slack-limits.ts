import type { KnownBlock } from "@slack/types";
import type { SlackMessage } from "../../alerts/channels/slack-message.ts";

/**
 * What Slack would refuse in a message, by https://docs.slack.dev/reference/block-kit/blocks; and what we refuse: text
 * that does something, and buttons that need an app which listens.
 */
export function complainAbout(message: SlackMessage): string[] {
  const { text, blocks } = message;
  return [
    ...unless(text.length >= 1 && text.length <= 4000, "text is missing or too long"),
    ...unless(!/[<>]/.test(text), `text has markup: ${text}`),
    ...unless(blocks.length >= 1 && blocks.length <= 50, "not 1 … 50 blocks"),
    ...unless(JSON.stringify(blocks).length < 13_000, "msg_blocks_too_long"),
    ...blocks.flatMap(complainAboutBlock),
  ];
}

function unless(holds: boolean, complaint: string): string[] {
  return holds ? [] : [complaint];
}

function complainAboutBlock(block: KnownBlock): string[] {
  switch (block.type) {
    case "header":
      return complainAboutText(block.text, 150);
    case "section":
      return [
        ...unless(Boolean(block.text) || Boolean(block.fields?.length), "an empty section"),
        ...unless((block.fields?.length ?? 0) <= 10, "more than 10 fields"),
        ...(block.text ? complainAboutText(block.text, 3000) : []),
        ...(block.fields ?? []).flatMap((field) => complainAboutText(field, 2000)),
      ];
    case "context":
      return [
        ...unless(isCount(block.elements, 10), "not 1 … 10 elements"),
        ...block.elements.flatMap((element) => complainAboutText(element as TextObject, 2000)),
      ];
    case "actions":
      return [
        ...unless(isCount(block.elements, 25), "not 1 … 25 buttons"),
        ...block.elements.flatMap((element) => complainAboutButton(element as Button)),
      ];
    default:
      return [`no rule for a block of type ${block.type}`];
  }
}

function isCount({ length }: readonly unknown[], max: number): boolean {
  return length >= 1 && length <= max;
}

interface TextObject {
  readonly type: string;
  readonly text: string;
  readonly verbatim?: boolean;
}

function complainAboutText({ type, text, verbatim }: TextObject, max: number): string[] {
  const length = [...unless(text.length >= 1 && text.length <= max, `${text.length} > ${max}`)];
  if (type === "plain_text") return length;
  return [
    ...length,
    ...unless(type === "mrkdwn" && verbatim === true, "text that makes links by itself"),
    ...unless(!/[<>]|&(?!amp;|lt;|gt;)/.test(text), `text has markup: ${text}`),
  ];
}

interface Button {
  readonly type: string;
  readonly text: TextObject;
  readonly action_id?: string;
  readonly url?: string;
}

function complainAboutButton({ type, text, action_id = "", url = "" }: Button): string[] {
  return [
    ...unless(type === "button", `${type} needs an app that listens`),
    ...unless(/^https?:/.test(url) && url.length <= 3000, `button leads to ${url}`),
    ...unless(action_id.length <= 255, "action_id is too long"),
    ...complainAboutText(text, 75),
  ];
}
