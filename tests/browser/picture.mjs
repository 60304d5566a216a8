// Takes the picture of README.md: its first query in the playground, answered by the demo company as a chart.

import { readFileSync, statSync } from "node:fs";

import { chromium } from "playwright-core";

import { opened, run, write } from "./desk.mjs";
import { drawn } from "./results.mjs";
import { start } from "./service.mjs";

const README = new URL("../../README.md", import.meta.url);
const PICTURE = new URL("../../api/playground/first-answer.png", import.meta.url).pathname;
const MOST_BYTES = 200_000;

const [, role, query] = /^```graphql\n# as (\w+)\n(.*?)^```$/ms.exec(readFileSync(README, "utf8"));
const service = await start(process.env.TRIBUTARY_BIN);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
try {
  const users = await (await fetch(new URL("playground/demo-users.json", service.address))).json();
  const user = users.find((user) => user.role === role);
  const page = await browser.newPage({ colorScheme: "light", locale: "en-GB", viewport: { width: 1280, height: 800 } });
  await page.goto(service.address);
  await page.getByRole("button", { name: user.name }).click();
  await opened(page, user);
  // The answer gets the room of the examples.
  await page.getByRole("button", { name: "Hide Examples" }).click();
  await write(page, "operation", query);
  await run(page);
  await page.getByRole("button", { name: "Chart", exact: true }).click();
  await drawn(page);
  await page.screenshot({ path: PICTURE });
} finally {
  await browser.close();
  await service.stop();
}
const { size } = statSync(PICTURE);
console.log(`${PICTURE}: ${size} bytes`);
process.exitCode = size > MOST_BYTES ? 1 : 0;
