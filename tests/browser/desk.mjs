// The page as a person sees it: what is in the editors, which tab is open, what the answer was.

/** Waits until `holds(editors, argument)` is true of the texts in the editors. */
async function until(page, holds, argument) {
  const source = `([argument]) => {
    const editors = {};
    for (const model of globalThis.__MONACO?.editor.getModels() ?? []) {
      const name = /(operation|variables|request-headers|response)\\.\\w+$/.exec(model.uri.path)?.[1];
      if (name && model.isAttachedToEditor()) editors[name] = model.getValue();
    }
    return (${holds})(editors, argument);
  }`;
  return (await page.waitForFunction(eval(source), [argument])).jsonValue();
}

/** Waits until the desk of a user is ready to be used. */
export async function opened(page, user) {
  await page.locator(`.tributary-bar select`).and(page.locator(":enabled")).waitFor();
  await page.waitForFunction((email) => document.querySelector(".tributary-bar select")?.value === email, user.email);
  await page.getByRole("region", { name: "Examples" }).getByRole("button").first().and(page.locator(":enabled")).waitFor();
  await until(page, (editors) => Boolean(editors.operation));
  // With the schema comes the documentation; only then is a run what a person would see.
  await page.locator(".graphiql-spinner").first().waitFor({ state: "detached" });
}

/** Opens a step of the story by a click, which runs it, and reads the answer that comes. */
export async function click(page, { title, name, document, finds }) {
  const answered = page.waitForResponse((response) => asked(response) === name);
  // Whoever fails before it is waited for has failed for another reason.
  answered.catch(() => undefined);
  await step(page, title).click();
  await until(page, (editors, document) => editors.operation === document, document);
  if (finds) await until(page, (editors) => editors.variables?.startsWith("{"));
  await page.locator(".graphiql-tab-active", { hasText: name }).waitFor();
  const { data } = await (await answered).json();
  const shown = await answer(page);
  if (JSON.stringify(shown.data) !== JSON.stringify(data)) throw new Error(`The answer of another run: ${JSON.stringify(shown)}`);
  return shown;
}

/** The button of a step. */
export function step(page, title) {
  return page.getByRole("region", { name: "Examples" }).getByRole("button", { name: title });
}

/** The name of the operation that a response answers. */
function asked(response) {
  return response.request().method() === "POST" ? response.request().postDataJSON()?.operationName : undefined;
}

/** Presses the button and reads the answer that comes. */
export async function run(page) {
  await page.locator(".graphiql-execute-button").click();
  await page.getByRole("status").waitFor();
  return answer(page);
}

/** Waits for an answer in the editor. */
export async function answer(page) {
  return JSON.parse(await until(page, (editors) => /^\{[^]*\}\s*$/.test(editors.response ?? "") && editors.response));
}

/** Writes into an editor. */
export async function write(page, which, text) {
  await page.evaluate(
    ([which, text]) => {
      const models = globalThis.__MONACO.editor.getModels().filter((model) => model.isAttachedToEditor());
      models.find((model) => model.uri.path.includes(which)).setValue(text);
    },
    [which, text],
  );
}

/** What the editor has underlined as wrong in the operation. */
export function underlined(page) {
  return page.evaluate(() => {
    const wrong = globalThis.__MONACO.editor.getModelMarkers({}).filter(({ severity }) => severity === 8);
    return wrong.filter(({ resource }) => resource.path.endsWith("operation.graphql")).map(({ message }) => message);
  });
}
