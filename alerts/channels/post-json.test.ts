import { afterEach, beforeEach, expect, test } from "vitest";
import { type SlackSink, startSlackSink } from "../../test/support/slack-sink.ts";
import { checkDestination, PostError, postJson, type Resolve } from "./post-json.ts";

let sink: SlackSink;
beforeEach(async () => {
  sink = await startSlackSink();
});
afterEach(() => sink.close());

const message = {
  text: "hello",
  blocks: [{ type: "header", text: { type: "plain_text", text: "x" } }],
};

test("an answer has status, Retry-After and body, whatever the status", async () => {
  sink.answer({ status: 429, body: "slow down", headers: { "retry-after": "7" } });
  const post = () => postJson(sink.url, message, { allowPrivate: true });
  expect(await post()).toEqual({ status: 429, retryAfter: "7", body: "slow down" });
  expect(await post()).toEqual({ status: 200, retryAfter: undefined, body: "ok" });
  expect(sink.received).toEqual([message, message]);
});

test.for([
  "http://127.0.0.1:1/hook",
  "http://127.1/hook",
  "http://0x7f000001/hook",
  "http://2130706433/hook",
  "http://0177.0.0.1/hook",
  "http://localhost/hook",
  "http://localhost./hook",
  "http://hook.localhost/hook",
  "http://[::1]/hook",
  "http://[::ffff:127.0.0.1]/hook",
  "http://[::ffff:7f00:1]/hook",
  "http://169.254.169.254/latest/meta-data",
  "http://10.1.2.3/hook",
  "http://１２７.0.0.1/hook",
  "http://user:password@example.org/hook",
  "file:///etc/passwd",
  "gopher://example.org/hook",
  "javascript:alert(1)",
  "//example.org/hook",
  "",
])("refused when configured and when sent: %s", async (url) => {
  expect(() => checkDestination(url)).toThrow(PostError);
  await expect(postJson(url, message)).rejects.toMatchObject({ code: "DESTINATION_REFUSED" });
});

test("a public host, and a private one where that is allowed, pass the check", () => {
  expect(checkDestination("https://hooks.slack.com/services/T/B/x").host).toBe("hooks.slack.com");
  expect(checkDestination("http://10.1.2.3:8080/", { allowPrivate: true }).port).toBe("8080");
});

test("a public name with a private address is refused, and nothing is sent", async () => {
  const resolve: Resolve = async () => [
    { address: "93.184.215.14", family: 4 },
    { address: "127.0.0.1", family: 4 },
  ];
  const url = sink.url.replace("127.0.0.1", "hooks.example.org");
  await expect(postJson(url, message, { resolve })).rejects.toMatchObject({
    code: "DESTINATION_REFUSED",
  });
  expect(sink.received).toEqual([]);
});

test("a name is looked up once: what was checked is what is connected to", async () => {
  const answers = ["127.0.0.1", "10.0.0.1"];
  const asked: string[] = [];
  const resolve: Resolve = async (hostname) => {
    asked.push(hostname);
    return [{ address: answers.shift()!, family: 4 }];
  };
  const url = sink.url.replace("127.0.0.1", "rebinding.example.org");
  expect(await postJson(url, message, { resolve, allowPrivate: true })).toMatchObject({
    status: 200,
  });
  expect(asked).toEqual(["rebinding.example.org"]);
  await expect(postJson(url, message, { resolve })).rejects.toMatchObject({
    code: "DESTINATION_REFUSED",
  });
  expect(sink.received).toHaveLength(1);
});

test("a redirect is an answer, not an order", async () => {
  sink.answer({ status: 302, headers: { location: "http://169.254.169.254/" } });
  expect(await postJson(sink.url, message, { allowPrivate: true })).toMatchObject({ status: 302 });
  expect(sink.received).toHaveLength(1);
});

test("an answer without end is cut", async () => {
  sink.answer("flood");
  const options = { allowPrivate: true, responseBytesMax: 1000 };
  const { status, body } = await postJson(sink.url, message, options);
  expect(status).toBe(200);
  expect(body).toHaveLength(1000);
});

test("silence ends with a timeout, a closed port with an error, neither names the secret", async () => {
  sink.answer("silence");
  const late = await errorOf(postJson(sink.url, message, { allowPrivate: true, timeoutMs: 50 }));
  expect(late.code).toBe("POST_TIMEOUT");
  const closedUrl = "http://127.0.0.1:1/secret";
  const closed = await errorOf(postJson(closedUrl, message, { allowPrivate: true }));
  expect(closed.code).toBe("DESTINATION_UNREACHABLE");
  for (const error of [late, closed]) {
    expect(`${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toContain("secret");
  }
});

test("a caller that gives up is not kept waiting", async () => {
  sink.answer("silence");
  const signal = AbortSignal.abort();
  const error = await errorOf(postJson(sink.url, message, { allowPrivate: true, signal }));
  expect(error.code).toBe("DESTINATION_UNREACHABLE");
});

test("a URL that can't be read is not repeated in the error", async () => {
  const error = await errorOf(postJson("http://exa mple/secret", message));
  expect(`${error.message} ${error.cause} ${JSON.stringify(error)}`).not.toContain("secret");
});

async function errorOf(post: Promise<unknown>): Promise<PostError> {
  const error = await post.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PostError)) throw new Error(`expected a PostError, got ${error}`);
  return error;
}
