import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { createClient } from 'graphql-ws';

/** `token` answers the access token of the moment. */
export function apollo(url, token) {
  const authorization = () => ({ authorization: `Bearer ${token()}` });
  const socket = createClient({ url: url.replace(/^http/, 'ws'), connectionParams: authorization });
  const http = ApolloLink.from([
    new SetContextLink(({ headers }) => ({ headers: { ...headers, ...authorization() } })),
    new HttpLink({ uri: url }),
  ]);
  const isSubscription = ({ operationType }) => operationType === 'subscription';
  return new ApolloClient({
    link: ApolloLink.split(isSubscription, new GraphQLWsLink(socket), http),
    cache: new InMemoryCache({
      typePolicies: { Query: { fields: { companies: relayStylePagination(['filter', 'orderBy']) } } },
    }),
    // Fields that the viewer may not read are null with an error beside them; keep the rest.
    defaultOptions: { query: { errorPolicy: 'all' }, watchQuery: { errorPolicy: 'all' } },
  });
}
