/** What GraphQL over HTTP carries. */
export interface Params {
  query: string;
  variables?: unknown;
  operationName?: string | null;
}

export type Headers = Record<string, string>;

/** What the service answered, and what it took. */
export interface Reply {
  status: number;
  requestId: string | null;
  milliseconds: number;
  bytes: number;
  // GraphiQL shows whatever comes.
  body: any;
}

/** The address of the graph, beside the page, so that a path in front of both does no harm. */
export const ENDPOINT = new URL("graphql", document.baseURI);

/** One operation by POST. */
export async function post(params: Params, headers: Headers): Promise<Reply> {
  const began = performance.now();
  let response: Response;
  try {
    response = await fetch(ENDPOINT, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json;q=0.9",
        ...headers,
      },
      body: JSON.stringify(params),
    });
  } catch {
    throw new Error("The service cannot be reached.");
  }
  const text = await response.text();
  const milliseconds = performance.now() - began;
  return {
    status: response.status,
    requestId: response.headers.get("x-request-id"),
    milliseconds,
    bytes: new Blob([text]).size,
    body: read(text, response.status),
  };
}

function read(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `The answer (${status}) is no JSON.` }] };
  }
}
