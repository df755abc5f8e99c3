import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { openBrowser } from "./browser.ts";

const html = `
  <h1>slow</h1>
  <b>mmmm</b><br><i>llll</i>
  <script>document.querySelector("h1").append(" endpoint")</script>`;

test("openBrowser renders a page, with its script and its letters", async () => {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end(html);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());

  const { newPage, close } = await openBrowser();
  onTestFinished(close);
  const page = await newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);

  expect(await page.getByRole("heading").textContent()).toBe("slow endpoint");
  const wide = await page.locator("b").boundingBox();
  const narrow = await page.locator("i").boundingBox();
  expect(wide?.width).toBeGreaterThan(Number(narrow?.width));
});
