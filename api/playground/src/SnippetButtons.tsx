import { pick, useGraphiQL } from "@graphiql/react";

import type { Headers } from "./http";
import { curlOf, fetchOf } from "./snippets";
import { copy, say } from "./toast";

/** The operation for elsewhere: without a token, with its variables and headers. */
export function SnippetButtons() {
  const { queryEditor, variableEditor, headerEditor, operationName, operations } = useGraphiQL(
    pick("queryEditor", "variableEditor", "headerEditor", "operationName", "operations"),
  );
  const give = async (write: typeof curlOf, what: string) => {
    const variables = read(variableEditor?.getValue() ?? "");
    if (variables === undefined) return say("The variables are no JSON.");
    const headers = read(headerEditor?.getValue() ?? "");
    if (headers === undefined) return say("The headers are no JSON.");
    const many = (operations?.length ?? 0) > 1;
    const params = { query: queryEditor?.getValue() ?? "", variables, ...(many && { operationName }) };
    await copy(write(params, (headers ?? {}) as Headers), `The ${what} snippet`);
  };
  return (
    <>
      <button type="button" title="Copy as a command for the shell" onClick={() => void give(curlOf, "curl")}>
        curl
      </button>
      <button type="button" title="Copy as JavaScript" onClick={() => void give(fetchOf, "fetch")}>
        fetch
      </button>
    </>
  );
}

/** The editor takes comments; so do we. */
function read(text: string): unknown {
  const bare = text.replaceAll(/("(?:\\.|[^"\\])*")|\/\/.*|\/\*[^]*?\*\//g, (_, string: string | undefined) => string ?? "").trim();
  if (bare === "") return null;
  try {
    return JSON.parse(bare);
  } catch {
    return undefined;
  }
}
