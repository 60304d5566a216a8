import { run } from "./service";

/** One step of the story that a role tells. */
export interface Example {
  name: string;
  title: string;
  document: string;
  /** Does it change something? */
  isMutation: boolean;
  /** A query that finds the variables. */
  find?: string;
}

/** What a tab begins with. */
export interface Tab {
  query: string;
  variables: string;
}

/** Shown instead of variables; the editor of the variables knows comments. */
const NOTHING = "// Nothing is waiting for this step now: do the one before, then open it again under Examples.";
const FIND = ".find.graphql";
/** By their path: `analyst/1-funnel.graphql`. */
const documents: Record<string, string> = await load();

/** The examples of a role, in the order of the story. */
export function examplesOf(role: string): Example[] {
  const folder = `${role.toLowerCase().replaceAll("_", "-")}/`;
  return Object.entries(documents)
    .filter(([path]) => path.startsWith(folder) && !path.endsWith(FIND))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, document]) => ({
      name: path.slice(folder.length),
      title: document.split("\n", 1)[0]!.replace(/^#\s*/, ""),
      document,
      isMutation: /^mutation\b/m.test(document),
      find: documents[path.replace(/\.graphql$/, FIND)],
    }));
}

/** The example as a tab, its variables filled from what is there now. */
export async function tabOf(example: Example): Promise<Tab> {
  if (!example.find) return { query: example.document, variables: "" };
  const { body } = await run({ query: example.find });
  const found = firstRows(body.data);
  const variables = Object.keys(found).length ? JSON.stringify(found, null, 2) : NOTHING;
  return { query: example.document, variables };
}

/** The fields of the first row of every list, wherever it is. */
function firstRows(value: any): object {
  if (value === null || typeof value !== "object") return {};
  return value.nodes ? (value.nodes[0] ?? {}) : Object.assign({}, ...Object.values(value).map(firstRows));
}

async function load(): Promise<Record<string, string>> {
  try {
    return await (await fetch(new URL("playground/examples.json", document.baseURI))).json();
  } catch {
    return {};
  }
}
