// The page again and again: with what the browser has kept, in windows of every width.

import { answer, click, opened, step } from "./desk.mjs";

const WIDTHS = [390, 1440];
/** From the narrowest telephone to a desk. */
const ALL_WIDTHS = [320, 390, 768, 1440];
const PANELS = ["Examples", "Documentation Explorer", "History", "GraphiQL Explorer"];
/** What lies beside or below each other, never over each other. */
const PARTS = [".graphiql-sidebar", ".graphiql-plugin", ".graphiql-query-editor", ".graphiql-editor-tools", ".graphiql-response"];

export async function survivesTheCache({ check, same, newContext, service, pictures, examplesOf, user }) {
  const context = await newContext();
  const page = await context.newPage();
  const door = (page) => page.getByRole("button", { name: user.name }).waitFor();

  await check(page, "the page is there after a reload, in a second tab, and after going back and forward", async () => {
    // The browser hands a 304 to the page as the 200 that it has kept; the network knows.
    const statuses = [];
    const network = await context.newCDPSession(page);
    await network.send("Network.enable");
    network.on("Network.responseReceivedExtraInfo", ({ statusCode }) => statuses.push(statusCode));
    await page.goto(service.address);
    await door(page);
    await page.reload();
    await door(page);
    const second = await context.newPage();
    await second.goto(service.address);
    await door(second);
    await second.goto(new URL("/graphql", service.address).href);
    await door(second);
    same(new URL(second.url()).pathname, "/", "where a browser at /graphql comes to");
    await page.goto(new URL("/robots.txt", service.address).href);
    await page.goBack();
    await door(page);
    await page.goForward();
    await page.goBack();
    await door(page);
    await page.evaluate(() => location.reload());
    await door(page);
    await second.close();
    if (!statuses.includes(304)) throw new Error(`The cache was off: ${statuses}`);
  });
  await check(page, "the desk is there after a reload, and its answer too", async () => {
    await page.getByRole("button", { name: user.name }).click();
    await opened(page, user);
    await answer(page);
    await page.reload();
    await opened(page, user);
    await page.locator(".graphiql-tab-active").waitFor();
  });
  await context.close();

  for (const width of WIDTHS) {
    const narrow = await newContext({ viewport: { width, height: 844 } });
    const page = await narrow.newPage();
    await check(page, `at ${width} px everything that is needed is seen`, async () => {
      await page.goto(service.address);
      await door(page);
      await fits(page, width);
      await pictures(page, `welcome-${width}`);
      await page.getByRole("button", { name: user.name }).click();
      await page.locator(".tributary-bar select").and(page.locator(":enabled")).waitFor();
      await answer(page);
      await laidOut(page, width, same);
      await pictures(page, `desk-${width}`);
      for (const view of ["Table", "JSON", "Chart"]) {
        await page.getByRole("button", { name: view, exact: true }).click();
        await fits(page, width);
        await pictures(page, `${view.toLowerCase()}-${width}`);
      }
      if (width === 390) await page.getByRole("button", { name: "Show Examples" }).click();
      const example = examplesOf(user.role).find(({ document }) => /nodes/.test(document) && /^query /m.test(document));
      await step(page, example.title).waitFor();
      await pictures(page, `examples-${width}`);
      await click(page, example);
      await laidOut(page, width, same);
    });
    await narrow.close();
  }

  for (const width of ALL_WIDTHS) {
    const window = await newContext({ viewport: { width, height: 700 } });
    const page = await window.newPage();
    await check(page, `at ${width} px no panel lies over another, and no word of a table is torn apart`, async () => {
      await page.goto(service.address);
      await page.getByRole("button", { name: user.name }).click();
      await page.locator(".tributary-bar select").and(page.locator(":enabled")).waitFor();
      await answer(page);
      for (const tools of ["Show editor tools", "Hide editor tools"]) {
        for (const panel of PANELS) {
          const show = page.getByRole("button", { name: `Show ${panel}` });
          if (await show.count()) await show.click();
          await page.getByRole("button", { name: `Hide ${panel}` }).waitFor();
          await apart(page, `${panel}, ${tools}`);
        }
        await pictures(page, `panel-${tools.split(" ")[0].toLowerCase()}-${width}`);
        await page.getByRole("button", { name: `Hide ${PANELS.at(-1)}` }).click();
        await apart(page, tools);
        await page.locator(".graphiql-toggle-editor-tools").click();
      }
      await page.getByRole("button", { name: "Table", exact: true }).click();
      await page.locator(".tributary-scroll td").first().waitFor();
      same((await torn(page)).join(), "", "cells whose words are torn apart");
      await fits(page, width);
    });
    await window.close();
  }
}

/** No two parts of the page share a place. */
async function apart(page, when) {
  const shared = await page.evaluate((selectors) => {
    const boxes = selectors.map((selector) => [selector, document.querySelector(selector)?.getBoundingClientRect()]);
    const shown = boxes.filter(([, box]) => box && box.width > 0 && box.height > 0 && box.right > 0);
    return shown.flatMap(([one, a], index) =>
      shown.slice(index + 1).flatMap(([other, b]) => {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        return wide > 1 && high > 1 ? [`${one} and ${other} share ${Math.round(wide)} x ${Math.round(high)} px`] : [];
      }),
    );
  }, PARTS);
  if (shared.length > 0) throw new Error(`${when}: ${shared.join("; ")}`);
}

/** The cells of one word that takes more than one line. */
function torn(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll(".tributary-scroll td")].map((cell) => {
      const text = document.createRange();
      text.selectNodeContents(cell);
      const lines = new Set([...text.getClientRects()].map(({ top }) => Math.round(top)));
      return !/\s/.test(cell.innerText.trim()) && !cell.querySelector("ul") && lines.size > 1 ? cell.innerText : "";
    }).filter(Boolean),
  );
}

/** Nothing is wider than the window. */
async function fits(page, width) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) throw new Error(`${wide} px wide`);
}

/** Editor and answer do not lie over each other, and the button that runs is in the window. */
async function laidOut(page, width, same) {
  await fits(page, width);
  const boxOf = (selector) => page.locator(selector).boundingBox();
  const [editor, response, button] = [await boxOf(".graphiql-editors"), await boxOf(".graphiql-response"), await boxOf(".graphiql-execute-button")];
  const { height } = page.viewportSize();
  for (const [name, box] of Object.entries({ editor, response, button })) {
    const inside = box && box.x >= 0 && box.x + box.width <= width + 1 && box.y >= 0 && box.y + box.height <= height + 1;
    if (!inside) throw new Error(`The ${name} is not in the window: ${JSON.stringify(box)}`);
  }
  if (width < 760) same(response.y >= editor.y + editor.height - 1, true, "the answer is below the editor");
  else same(response.x >= editor.x + editor.width - 1, true, "the answer is beside the editor");
  if (editor.height < 200 || response.height < 200) throw new Error(`Too little: ${editor.height} and ${response.height} px`);
}
