import type { Observable } from "@graphiql/toolkit";
import { createClient, type Client } from "graphql-ws";
import { create } from "zustand";

import { ENDPOINT, post, type Headers, type Params, type Reply } from "./http";
import { authorised, renew } from "./session";

/** What an operation costs, where the service tells. */
export interface Cost {
  requested?: number;
  actual?: number;
  budget?: number;
  remaining?: number;
}

/** What the last operation took. */
export interface Outcome {
  status: string;
  failed: boolean;
  milliseconds?: number;
  bytes?: number;
  requestId?: string | null;
  cost?: Cost;
}

export const useOutcome = create<{ outcome: Outcome | null }>(() => ({ outcome: null }));

/** One operation as who is signed in. An access token that has ended is renewed once. */
export async function run(params: Params, headers: Headers = {}): Promise<Reply> {
  const reply = await post(params, authorised(headers));
  return reply.status === 401 && (await renew()) ? post(params, authorised(headers)) : reply;
}

/** One operation from the editor, told in the footer. */
export async function runShown(params: Params, headers: Headers): Promise<unknown> {
  useOutcome.setState({ outcome: null });
  const { body, ...reply } = await run(params, headers);
  useOutcome.setState({
    outcome: { ...reply, status: String(reply.status), failed: Boolean(body.errors), cost: body.extensions?.cost },
  });
  return body;
}

interface Observer {
  next(value: any): void;
  error(error: any): void;
  complete(): void;
}

/** A subscription over a socket of its own; the headers travel in `connection_init`. */
export function subscribe(params: Params, headers: Headers): Observable<any> {
  const events = {
    subscribe(observer: Observer) {
      let count = 0;
      const client = socket(headers);
      tell("listening");
      const stop = client.subscribe(params as Params & { variables?: Record<string, unknown> }, {
        next(result) {
          count += 1;
          tell(count === 1 ? "1 event" : `${count} events`, Boolean(result.errors));
          observer.next(result);
        },
        error(error) {
          tell("ended", true);
          observer.error(explained(error));
        },
        complete: () => observer.complete(),
      });
      return {
        unsubscribe() {
          stop();
          tell("stopped");
        },
      };
    },
  };
  return events as Observable<any>;
}

/** A socket ends with the token it began with; the next attempt brings the newest. */
function socket(headers: Headers): Client {
  const url = new URL(ENDPOINT);
  url.protocol = url.protocol.replace("http", "ws");
  return createClient({ url: url.href, connectionParams: () => authorised(headers), retryAttempts: 5 });
}

function tell(status: string, failed = false): void {
  useOutcome.setState({ outcome: { status, failed } });
}

/** The library hands on whatever broke: an error, errors of GraphQL, or the end of the connection. */
function explained(cause: any): unknown {
  return cause instanceof Error || Array.isArray(cause) || cause?.code === undefined
    ? cause
    : new Error(`The connection was closed: ${cause.code} ${cause.reason}`);
}
