// The playground as people use it, in headless Chromium with its cache on and every other host out of reach.

import { readdirSync, readFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { answer, click, opened, run, step, underlined, write } from "./desk.mjs";
import { fence } from "./fence.mjs";
import { resultsAreShown } from "./results.mjs";
import { ask, start } from "./service.mjs";
import { survivesTheCache } from "./visits.mjs";

const EXAMPLES = new URL("../../api/playground/examples", import.meta.url).pathname;
/** In the order in which the story passes from hand to hand: one step makes what the next one needs. */
const STORY = ["MARKETER", "MARKETING_MANAGER", "SALES_REP", "SALES_MANAGER", "ANALYST", "ADMIN", "INTEGRATION"];
const ARGUMENTS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const PATIENCE = 30_000;

let passed = 0;
const failures = [];
mkdirSync("screenshots", { recursive: true });

const service = await start(process.env.TRIBUTARY_BIN);
// Interception of requests would switch the cache off: instead every name and address but the service's leads to a fence.
const { rules, asked, close } = await fence(service.address);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [...ARGUMENTS.split(" "), ...rules] });
try {
  const users = await (await fetch(new URL("playground/demo-users.json", service.address))).json();
  await everything(STORY.map((role) => users.find((user) => user.role === role)));
} finally {
  await browser.close();
  await service.stop();
}
close();
for (const request of asked()) failures.push(`another host was asked: ${request}`);
for (const failure of failures) console.log(failure);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length || passed === 0 ? 1 : 0;

async function everything(users) {
  const page = await window();
  const [first] = users;
  await check(page, "the fence is shut, and knows who was before it", async () => {
    const known = failures.length;
    await page.goto("http://elsewhere.example/");
    same(await page.locator("body").innerText(), "A fence.", "elsewhere");
    same(asked()[0], "http://elsewhere.example/", "who was asked");
    if (failures.splice(known).length === 0) throw new Error("The page asked another host, and nobody noticed.");
  });
  await check(page, "the door opens", async () => {
    await page.goto(service.address);
    await page.getByRole("button", { name: first.name }).waitFor();
    await pictures(page, "welcome");
  });
  await check(page, "a wrong password is told", async () => {
    await page.getByLabel("E-mail").fill(first.email);
    await page.getByLabel("Password").fill("not the password of anybody");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
  });
  await check(page, "a click signs in", async () => {
    await page.getByRole("button", { name: first.name }).click();
    await opened(page, first);
  });
  for (const user of users) {
    await check(page, `${user.role} sits down, and the first step that only reads is answered`, async () => {
      if (user !== first) await page.locator(".tributary-bar select").selectOption(user.email);
      await opened(page, user);
      const { data, errors } = await answer(page);
      if (!data || errors) throw new Error(JSON.stringify(errors));
      same(await page.locator(".graphiql-tab").count(), 1, "tabs");
    });
    for (const example of examplesOf(user.role).filter((example) => !example.subscription)) {
      await check(page, `${user.role}: ${example.title}`, () => runs(page, example));
    }
    await check(page, `${user.role}: a step opened again goes to its tab`, async () => {
      const [example] = examplesOf(user.role).filter(({ document }) => /^query /m.test(document));
      const tabs = await page.locator(".graphiql-tab").count();
      same(tabs, examplesOf(user.role).filter((example) => !example.subscription).length, "tabs");
      for (let count = 0; count < 2; count += 1) await click(page, example);
      same(await page.locator(".graphiql-tab").count(), tabs, "tabs after opening one again");
    });
  }
  await page.locator(".tributary-bar select").selectOption(users[1].email);
  await opened(page, users[1]);
  await check(page, "documentation, history and explorer open", () => panels(page));
  await pictures(page, "desk");
  await check(page, "the headers tab travels with the request", async () => {
    await page.locator("[data-name=headers]").click();
    await write(page, "request-headers", '{ "x-request-id": "from-the-headers-tab" }');
    await run(page);
    await page.locator(".tributary-outcome", { hasText: "from-the-headers-tab" }).waitFor();
    await write(page, "request-headers", "");
  });
  await check(page, "the footer tells time, request and cost", async () => {
    const { extensions } = await run(page);
    const told = await page.locator(".tributary-outcome").innerText();
    if (!/200[^]*\d+ ms[^]*request/.test(told)) throw new Error(told);
    if (extensions?.cost && !/cost [^]*left/.test(told)) throw new Error(told);
  });
  await resultsAreShown({ page, check, pictures, examplesOf, users, service });
  await survivesTheCache({ check, same, newContext, service, pictures, examplesOf, user: users[1] });
  await page.locator(".tributary-bar select").selectOption(users[1].email);
  await opened(page, users[1]);
  await check(page, "an access token that is refused is renewed", () => renewed(page, users[1]));
  await check(page, "a shared link opens elsewhere, without a token", () => shared(page));
  await check(page, "a subscription shows an event", () => watched(page, users));
  await check(page, "signing out leaves nothing behind", async () => {
    const keeps = () => page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
    const [token] = (await keeps()).match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/) ?? [];
    if (!token) throw new Error("no token was kept before");
    const ended = page.waitForResponse((response) => response.request().postData()?.includes("SignOut") ?? false);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: first.name }).waitFor();
    await ended;
    const answer = await fetch(new URL("/graphql", service.address), {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: "{ viewer { role } }" }),
    });
    if (answer.status !== 401) throw new Error(`the session goes on: ${answer.status}`);
    const kept = await keeps();
    if (/eyJ|refreshToken|accessToken/.test(kept)) throw new Error(`kept: ${kept.slice(0, 300)}`);
  });
}

/** A window; whatever the page breaks, or the policy keeps back, fails. */
async function window(options) {
  const context = await newContext(options);
  return context.newPage();
}

async function newContext(options = {}) {
  const context = await browser.newContext({ colorScheme: "light", locale: "en-GB", viewport: { width: 1440, height: 860 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  context.on("page", (page) => {
    page.on("pageerror", (error) => failures.push(`the page broke: ${error.stack}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["data:", "blob:"].includes(url.protocol) && url.host !== new URL(service.address).host) failures.push(`another host: ${url}`);
    });
    page.on("websocket", (socket) => {
      if (new URL(socket.url()).host !== new URL(service.address).host) failures.push(`another host: ${socket.url()}`);
    });
    page.on("console", (message) => {
      const text = message.text();
      if (/content security policy/i.test(text)) failures.push(`the policy was broken: ${text}`);
    });
  });
  return context;
}

async function check(page, name, body) {
  const [began, before] = [performance.now(), failures.length];
  try {
    await body();
  } catch (error) {
    failures.push(`FAILED ${name}: ${error.message}`);
    await page.screenshot({ path: join("screenshots", `failed-${failures.length}.png`) }).catch(() => undefined);
  }
  if (failures.length === before) passed += 1;
  console.log(`${failures.length === before ? "ok    " : "FAILED"} ${name} (${Math.round(performance.now() - began)} ms)`);
}

/** The examples of a role as they lie in their folder. */
function examplesOf(role) {
  const folder = join(EXAMPLES, role.toLowerCase().replaceAll("_", "-"));
  const files = readdirSync(folder).filter((file) => !file.endsWith(".find.graphql")).sort();
  return files.map((file) => {
    const document = readFileSync(join(folder, file), "utf8");
    return {
      document,
      title: document.split("\n", 1)[0].slice(2),
      name: /^(?:query|mutation|subscription) (\w+)/m.exec(document)[1],
      subscription: /^subscription /m.test(document),
      finds: existsSync(join(folder, file.replace(".graphql", ".find.graphql"))),
    };
  });
}

async function runs(page, example) {
  const { data, errors } = await click(page, example);
  if (errors) throw new Error(JSON.stringify(errors));
  for (const [field, value] of Object.entries(data)) {
    if (value === null || value.userErrors?.length) throw new Error(`${field}: ${JSON.stringify(value)}`);
  }
  same((await underlined(page)).join(), "", "underlined");
}

async function panels(page) {
  for (const name of ["Documentation Explorer", "History", "GraphiQL Explorer"]) {
    await page.getByRole("button", { name: `Show ${name}` }).click();
    await page.getByRole("button", { name: `Hide ${name}` }).waitFor();
    if (name === "Documentation Explorer") await page.locator(".graphiql-doc-explorer", { hasText: "Query" }).waitFor();
    if (name === "History") await page.locator(".graphiql-history-item").first().waitFor();
  }
  await page.getByRole("button", { name: "Show Examples" }).click();
}

async function renewed(page, user) {
  const key = "tributary:session";
  const broken = await page.evaluate((key) => {
    const session = { ...JSON.parse(sessionStorage.getItem(key)), accessToken: "no.such.token" };
    sessionStorage.setItem(key, JSON.stringify(session));
    return session.refreshToken;
  }, key);
  await page.reload();
  await opened(page, user);
  // The desk opens before its first request is answered.
  await page.waitForFunction(
    ([key, broken]) => {
      const session = JSON.parse(sessionStorage.getItem(key));
      return session.accessToken !== "no.such.token" && session.refreshToken !== broken;
    },
    [key, broken],
  );
}

async function shared(page) {
  const document = "query Shared($first: Int!) {\n  deals(first: $first) {\n    totalCount\n  }\n}";
  await write(page, "operation", document);
  await write(page, "variables", '{ "first": 2 }');
  await page.getByRole("button", { name: /Share a link/ }).click();
  await page.waitForURL(/#share=/);
  await page.locator(".tributary-toast", { hasText: "The link is in the clipboard." }).waitFor();
  same(await page.evaluate(() => navigator.clipboard.readText()), page.url(), "the clipboard");
  const other = await window();
  await other.goto(page.url());
  await other.locator(".graphiql-tab-active", { hasText: "Shared" }).waitFor();
  const { data } = await run(other);
  if (!(data.deals.totalCount > 0)) throw new Error(JSON.stringify(data));
  const packed = new URL(page.url()).hash.slice("#share=".length);
  const stream = new Blob([Buffer.from(packed, "base64url")]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  same(Object.keys(await new Response(stream).json()).sort().join(), "query,role,variables", "what the link holds");
  await other.context().close();
}

/** The example that watches, while somebody else changes something. */
async function watched(page, users) {
  const watcher = users.find((user) => examplesOf(user.role).some((example) => example.subscription));
  const example = examplesOf(watcher.role).find((example) => example.subscription);
  const { __schema } = await ask(service.address, watcher, "{ __schema { subscriptionType { name } } }");
  if (!__schema.subscriptionType) return console.log("SKIPPED: this service has no subscriptions");
  await page.locator(".tributary-bar select").selectOption(watcher.email);
  await opened(page, watcher);
  const listening = page.waitForEvent("websocket").then((socket) =>
    socket.waitForEvent("framereceived", { predicate: ({ payload }) => payload.includes("connection_ack") }),
  );
  await step(page, example.title).click();
  await listening;
  const nudge = setInterval(() => void change(users).catch((error) => failures.push(error.message)), 1_000);
  try {
    const { data } = await answer(page);
    same(data.changed.event.subjectType, "LEAD", "what has changed");
    same((await underlined(page)).join(), "", "underlined");
    await page.locator(".tributary-outcome", { hasText: "event" }).waitFor();
    await pictures(page, "watch");
  } finally {
    clearInterval(nudge);
  }
  await page.locator(".graphiql-execute-button").click();
  await page.locator(".tributary-outcome", { hasText: "stopped" }).waitFor();
}

/** Marketing qualifies the next lead; said again until the watcher has heard of it. */
async function change(users) {
  const marketer = users.find((user) => user.role === "MARKETER");
  const find = "{ leads(filter: { status: { in: [NEW, NURTURING] } }, first: 1) { nodes { id expectedVersion: version } } }";
  const { leads } = await ask(service.address, marketer, find);
  const qualify = "mutation($input: QualifyLeadInput!) { qualifyLead(input: $input) { userErrors { message } } }";
  await ask(service.address, marketer, qualify, { input: { ...leads.nodes[0], reason: "Watched." } });
}

/** The page in both themes, for people to look at. */
async function pictures(page, name) {
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    // The editors, where there are any, follow a moment later.
    const other = colorScheme === "dark" ? ".monaco-editor.vs" : ".monaco-editor.vs-dark";
    await page.locator(other).first().waitFor({ state: "detached" });
    await page.screenshot({ path: join("screenshots", `${name}-${colorScheme}.png`) });
  }
}

function same(one, other, what) {
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`);
}
