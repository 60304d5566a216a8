import { getOperationAST, parse } from "graphql";

import { ENDPOINT, type Headers, type Params } from "./http";

/** A place for the token: whoever runs the snippet brings their own. */
const TOKEN = "TRIBUTARY_TOKEN";
const STREAM = "text/event-stream";

/** The operation for a shell. */
export function curlOf(params: Params, headers: Headers): string {
  const body = JSON.stringify(bodyOf(params), null, 2);
  const streams = isSubscription(params);
  const sent = Object.entries(headersOf(headers, streams)).map(([name, value]) => `${name}: ${value}`.replaceAll("'", "'\\''"));
  return [
    `curl ${streams ? "--no-buffer " : ""}${ENDPOINT} \\`,
    `  --header "authorization: Bearer $${TOKEN}" \\`,
    ...sent.map((header) => `  --header '${header}' \\`),
    `  --data-binary @- <<'END_OF_OPERATION'`,
    body,
    "END_OF_OPERATION",
    "",
  ].join("\n");
}

/** The operation for JavaScript. */
export function fetchOf(params: Params, headers: Headers): string {
  const { query, ...rest } = bodyOf(params);
  const fields = Object.entries(rest).map(([name, value]) => `    ${name}: ${indented(JSON.stringify(value, null, 2), 4)},\n`);
  const streams = isSubscription(params);
  const sent = Object.entries(headersOf(headers, streams)).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  const read = streams
    ? "for await (const text of response.body.pipeThrough(new TextDecoderStream())) console.log(text);"
    : "console.log(await response.json());";
  return `const token = "<${TOKEN}>";
const query = \`
${query.replaceAll(/[\\`]|\$\{/g, "\\$&")}
\`;
const response = await fetch("${ENDPOINT}", {
  method: "POST",
  headers: {
    authorization: \`Bearer \${token}\`,
${sent.join("")}  },
  body: JSON.stringify({
    query,
${fields.join("")}  }),
});
${read}
`;
}

/** What is sent beside the token, of which there is only its place. */
function headersOf(headers: Headers, streams: boolean): Headers {
  const ours = { "content-type": "application/json", ...(streams && { accept: STREAM }) };
  const theirs = Object.entries(headers).map(([name, value]) => [name.trim().toLowerCase(), String(value)] as const);
  return { ...ours, ...Object.fromEntries(theirs.filter(([name]) => name !== "authorization")) };
}

/** What is sent: no more than there is. */
function bodyOf({ query, variables, operationName }: Params): Params {
  return {
    query: query.trim(),
    ...(variables && Object.keys(variables).length > 0 ? { variables } : {}),
    ...(operationName ? { operationName } : {}),
  };
}

function isSubscription({ query, operationName }: Params): boolean {
  try {
    return getOperationAST(parse(query), operationName ?? undefined)?.operation === "subscription";
  } catch {
    return false;
  }
}

function indented(text: string, by: number): string {
  return text.replaceAll("\n", `\n${" ".repeat(by)}`);
}
