/**
 * Text from outside on its way into a Slack message. Slack reads `<…>` as links and mentions, `&` as the start of an
 * entity, and backticks as code (https://docs.slack.dev/messaging/formatting-message-text).
 */

/** Escapes what Slack reads as markup. The result is at most `max` characters and never ends inside an entity. */
export function escapeMrkdwn(text: string, max: number): string {
  return cutToLength(text, max, escapeCharacter);
}

/** Code inside a line; a backtick inside would end it, so it becomes an apostrophe. */
export function toCodeSpan(text: string, max: number): string {
  const code = escapeMrkdwn(toOneLine(text, max).replaceAll("`", "'"), max - 2);
  return `\`${code || " "}\``;
}

/**
 * Code on lines of its own. Single backticks quote names in MySQL and stay; where three meet they would end the block,
 * so runs are parted by a space that has no width.
 */
export function toCodeBlock(text: string, max: number): string {
  const fence = "```";
  const code = withoutControls(text.slice(0, max)).replaceAll("``", "`\u200b`\u200b");
  return `${fence}\n${escapeMrkdwn(code, max - 8) || " "}\n${fence}`;
}

/** On one line, without control characters, at most `max` characters. */
export function toOneLine(text: string, max: number): string {
  const start = text.slice(0, 4 * max);
  return cutToLength(withoutControls(start).replace(/\s+/g, " ").trim(), max);
}

/** At most `max` UTF-16 units after `write`, with "…" in place of what was cut, and no character cut in half. */
export function cutToLength(text: string, max: number, write = (character: string) => character) {
  let kept = "";
  // The longest text that leaves room for the "…".
  let keptBeforeCut = "";
  for (const character of text) {
    kept += write(character);
    if (kept.length > max) return `${keptBeforeCut}…`;
    if (kept.length < max) keptBeforeCut = kept;
  }
  return kept;
}

function escapeCharacter(character: string): string {
  if (character === "&") return "&amp;";
  if (character === "<") return "&lt;";
  return character === ">" ? "&gt;" : character;
}

/** Control characters, and those that turn the direction of what follows; line breaks and tabs stay. */
export function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) =>
    character === "\n" || character === "\t" ? character : " ",
  );
}
