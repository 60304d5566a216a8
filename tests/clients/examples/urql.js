import { cacheExchange, Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';

/** `token` answers the access token of the moment. */
export function urql(url, token) {
  const authorization = () => ({ authorization: `Bearer ${token()}` });
  const socket = createClient({ url: url.replace(/^http/, 'ws'), connectionParams: authorization });
  return new Client({
    url,
    preferGetMethod: false,
    fetchOptions: () => ({ headers: authorization() }),
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
        }),
      }),
    ],
  });
}
