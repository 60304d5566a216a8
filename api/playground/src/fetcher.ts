import type { Fetcher } from "@graphiql/toolkit";
import { getOperationAST, parse } from "graphql";

import type { Headers, Params } from "./http";
import { run, runShown, subscribe } from "./service";

/** How GraphiQL reaches the service. */
export const fetcher: Fetcher = (params, options) => {
  const headers: Headers = options?.headers ?? {};
  if (params.operationName === "IntrospectionQuery") return run(params, headers).then((reply) => reply.body);
  const operation = operationOf(params);
  // GraphiQL notes the name a moment after the text has changed; the text is right.
  const named = { ...params, operationName: operation?.name?.value };
  return operation?.operation === "subscription" ? subscribe(named, headers) : (runShown(named, headers) as Promise<any>);
};

/** The operation that is named, or the only one; none if that cannot be told: the service says better what is wrong. */
function operationOf({ query, operationName }: Params) {
  try {
    const document = parse(query);
    return getOperationAST(document, operationName) ?? getOperationAST(document);
  } catch {
    return undefined;
  }
}
