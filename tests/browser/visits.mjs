// The page again and again: with what the browser has kept, in windows of every width.

import { answer, click, opened, step } from "./desk.mjs";

const WIDTHS = [390, 1440];

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
