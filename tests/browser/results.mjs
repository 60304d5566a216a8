// The answer as a table, as a chart and as a file, and the operation as a snippet for elsewhere.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { answer, click, opened, run, write } from "./desk.mjs";
import { ask } from "./service.mjs";

/** Names that a spreadsheet would run, or that tear a line apart, and how they stand in a file. */
const ODD = [
  ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ["+49 30 1234", "'+49 30 1234"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["-1+1", "'-1+1"],
  ['Miller, "Sons" & Co', '"Miller, ""Sons"" & Co"'],
];

export async function resultsAreShown({ page, check, pictures, examplesOf, users, service }) {
  const view = (name) => page.getByRole("button", { name, exact: true });
  const as = async (role) => {
    const user = users.find((user) => user.role === role);
    await page.locator(".tributary-bar select").selectOption(user.email);
    await opened(page, user);
    return user;
  };
  const example = (role, name) => examplesOf(role).find((example) => example.name === name);

  await check(page, "groups are shown as a chart and as a table", async () => {
    await as("ANALYST");
    await click(page, example("ANALYST", "RevenueByMonth"));
    await view("Chart").click();
    await drawn(page);
    await pictures(page, "chart");
    await view("Table").click();
    const head = await page.locator(".tributary-scroll thead").innerText();
    if (!/Closed at/.test(head) || !/base amount EUR/i.test(head)) throw new Error(head);
    const cell = await page.locator(".tributary-scroll td.money").first().innerText();
    if (!/^€[\d,]+\.\d\d$/.test(cell)) throw new Error(cell);
    await pictures(page, "table");
  });
  await check(page, "a table is sorted by every column, as the keyboard says", async () => {
    const counts = async () => (await page.locator(".tributary-scroll td.number").allInnerTexts()).map(Number);
    const before = await counts();
    const head = page.getByRole("columnheader", { name: "Count" });
    await head.getByRole("button").focus();
    for (const [order, turned] of [["ascending", 1], ["descending", -1]]) {
      await page.keyboard.press("Enter");
      const sorted = [...before].sort((one, other) => turned * (one - other));
      if (String(await counts()) !== String(sorted)) throw new Error(`${order}: ${await counts()}`);
      if ((await head.getAttribute("aria-sort")) !== order) throw new Error(`aria-sort is not ${order}`);
    }
    await page.keyboard.press("Enter");
    if (String(await counts()) !== String(before)) throw new Error("The first order does not come back.");
  });
  await check(page, "figures of several lists make one chart, rows of edges a table", async () => {
    await click(page, example("ANALYST", "Funnel"));
    await view("Chart").click();
    await drawn(page);
    await write(page, "operation", "{ deals(first: 3) { edges { cursor node { id name company { name } amount { amount currency } stage { name } } } } }");
    const { data } = await run(page);
    await view("Table").click();
    await page.locator(".tributary-scroll tbody tr").nth(2).waitFor();
    const titles = await page.locator(".tributary-scroll thead th").allInnerTexts();
    if (titles.map((title) => title.trim()).join() !== "Id,Name,Company,Amount,Stage") throw new Error(titles.join());
    const id = data.deals.edges[0].node.id;
    await page.getByRole("button", { name: `Copy ${id}` }).click();
    await copied(page, (text) => text === id);
  });
  await check(page, "only what adds up is stacked", async () => {
    await click(page, example("ANALYST", "WhereLeadsComeFrom"));
    await view("Chart").click();
    await drawn(page);
    const canvas = page.locator(".tributary-canvas canvas").first();
    for (const [measure, form] of [["Count", "Stacked bars"], ["Avg · Score", "Bars"]]) {
      await page.getByLabel("Measure").selectOption(measure);
      await page.waitForFunction(([form]) => document.querySelector(".tributary-canvas canvas").getAttribute("aria-label").startsWith(`${form}. `), [form]);
      await drawn(page);
    }
    const figures = [...(await canvas.getAttribute("aria-label")).matchAll(/ (\d+(\.\d+)?)(?=[,.]|$)/g)].map(([, figure]) => Number(figure));
    if (!(Math.max(...figures) <= 100)) throw new Error(`A mean of scores is ${Math.max(...figures)}.`);
    await pictures(page, "chart-means");
  });
  await check(page, "an answer with a hidden field shows its rows and says what is hidden", async () => {
    await write(page, "operation", "{ deals(first: 2) { nodes { name margin { amount currency } } } }");
    const { errors } = await run(page);
    if (!errors) throw new Error("An analyst reads single margins.");
    await page.getByRole("region", { name: "Table" }).getByRole("alert").waitFor();
    await page.locator(".tributary-scroll tbody tr").nth(1).waitFor();
  });
  await check(page, "a file holds the values as they came, and no formula", async () => {
    const user = await as("SALES_REP");
    const create = "mutation($input: CreateCompanyInput!) { createCompany(input: $input) { company { id } userErrors { message } } }";
    for (const [name] of ODD) await ask(service.address, user, create, { input: { name } });
    await write(page, "operation", "query Odd { companies(orderBy: [{ field: CREATED_AT, direction: DESC }], first: 5) { nodes { name createdAt version domain } } }");
    await write(page, "variables", "");
    const { data } = await run(page);
    await view("Table").click();
    const waiting = page.waitForEvent("download");
    await view("CSV").click();
    const download = await waiting;
    if (download.suggestedFilename() !== "Odd-companies-nodes.csv") throw new Error(download.suggestedFilename());
    const text = readFileSync(await download.path(), "utf8");
    const lines = data.companies.nodes.map(({ name, createdAt, version }) => `${ODD.find(([odd]) => odd === name)[1]},${createdAt},${version},`);
    const expected = ["\uFEFFname,createdAt,version,domain", ...lines, ""].join("\r\n");
    if (text !== expected) throw new Error(`${JSON.stringify(text)} instead of ${JSON.stringify(expected)}`);
  });
  await check(page, "the snippets for shell and JavaScript run as they are, with a token put in", async () => {
    const user = await as("ANALYST");
    const document = 'query Named($first: Int!) {\n  # it\'s a "comment" with `ticks`, ${braces} and \\ strokes\n  deals(first: $first, filter: { name: { notIn: ["it\'s \\"odd\\""] } }) {\n    totalCount\n  }\n}\n';
    await write(page, "operation", document);
    await write(page, "variables", '{\n  // two of them\n  "first": 2\n}');
    const { data } = await run(page);
    await write(page, "request-headers", '{ "Idempotency-Key": "it\'s one", "x-request-id": "from-a-snippet", "Authorization": "Bearer eyJ" }');
    const signIn = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }";
    const { signIn: session } = await ask(service.address, user, signIn, { input: { email: user.email, password: user.password } });
    const token = session.accessToken;
    for (const [name, runs] of [
      ["curl", (text) => execFileSync("bash", ["-c", text], { env: { ...process.env, TRIBUTARY_TOKEN: token, NO_PROXY: "*" }, stdio: ["ignore", "pipe", "ignore"] })],
      ["fetch", (text) => execFileSync(process.execPath, ["--input-type=module", "-e", text.replace("<TRIBUTARY_TOKEN>", token).replace("console.log(await response.json())", "console.log(JSON.stringify(await response.json()))")])],
    ]) {
      await view(name).click();
      const text = await copied(page, (text) => text.includes("TRIBUTARY_TOKEN") && text.includes(name));
      if (/eyJ/.test(text)) throw new Error(`A token is in the ${name} snippet.`);
      for (const header of ["idempotency-key", "x-request-id", "from-a-snippet"]) {
        if (!text.includes(header)) throw new Error(`${header} is not in the ${name} snippet: ${text}`);
      }
      const answered = JSON.parse(String(runs(text)));
      if (JSON.stringify(answered.data) !== JSON.stringify(data)) throw new Error(`${name}: ${JSON.stringify(answered)}`);
    }
  });
  await write(page, "request-headers", "");
  await check(page, "the documentation begins with what matters", async () => {
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    const docs = page.getByRole("region", { name: "Documentation Explorer" });
    await docs.getByRole("link", { name: "Deal", exact: true }).waitFor();
    const links = docs.getByRole("link");
    const main = await links.allInnerTexts();
    const helpers = main.filter((name) => /(Filter|OrderBy|Connection|Edge|Payload|Aggregate|Group|Input)$/.test(name));
    if (helpers.length > 0 || main.length < 40) throw new Error(`${main.length} types, of them helpers: ${helpers.join()}`);
    await pictures(page, "docs");
    await docs.getByRole("checkbox").check();
    if ((await links.count()) < main.length + 200) throw new Error("The helpers do not come.");
    const waiting = page.waitForEvent("download");
    await docs.getByRole("button", { name: "Save schema.graphql" }).click();
    const schema = readFileSync(await (await waiting).path(), "utf8");
    if (!/^type Deal implements Node/m.test(schema)) throw new Error("That is no schema.");
    await page.getByRole("button", { name: "Show Examples" }).click();
  });
  await check(page, "variables are shown where there are some", async () => {
    await as("MARKETER");
    const shown = () => page.locator(".graphiql-toggle-editor-tools").getAttribute("aria-label");
    await click(page, examplesOf("MARKETER").find(({ finds }) => !finds));
    if ((await shown()) !== "Show editor tools") throw new Error("The pane is open though there are none.");
    await click(page, examplesOf("MARKETER").find(({ finds }) => finds));
    await page.locator('.graphiql-toggle-editor-tools[aria-label="Hide editor tools"]').waitFor();
    await answer(page);
  });
}

/** Waits until there is more on the canvas than its background. */
/** Waits until a chart is drawn, and told to those who do not see it. */
export async function drawn(page) {
  await page.waitForFunction(() => {
    const canvas = document.querySelector(".tributary-canvas canvas");
    if (!canvas?.width) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size > 10;
  });
  const told = await page.locator(".tributary-canvas canvas").first().getAttribute("aria-label");
  if (!/\d/.test(told)) throw new Error(`Who does not see the chart hears: ${told}`);
}

/** Waits until the clipboard holds what is wanted. */
async function copied(page, isWanted) {
  await page.locator(".tributary-toast", { hasText: "is in the clipboard." }).waitFor();
  for (;;) {
    const text = await page.evaluate(() => navigator.clipboard.readText());
    if (isWanted(text)) return text;
    await page.waitForTimeout(50);
  }
}
