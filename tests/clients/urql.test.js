// urql: queries, pages, errors, mutations over HTTP, subscriptions over the socket.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, cacheExchange, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { newLead, signIn, socketUrl, url } from './service.js';

let socket;
let client;

const withToken = (token, ...exchanges) =>
  new Client({
    url,
    exchanges: [cacheExchange, ...exchanges, fetchExchange],
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    preferGetMethod: false,
  });

before(async () => {
  const token = await signIn('manager');
  socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: { Authorization: `Bearer ${token}` } });
  const forwardSubscription = (request) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? '' }, sink) }),
  });
  client = withToken(token, subscriptionExchange({ forwardSubscription }));
});
after(() => socket.dispose());

const PAGE = gql`
  query Page($after: String) {
    deals(first: 5, after: $after, orderBy: [{ field: CLOSED_AT, direction: DESC }]) {
      nodes { id name closedAt }
      pageInfo { endCursor hasNextPage }
    }
  }
`;

test('urql: a query, page after page', async () => {
  const seen = new Set();
  let after = null;
  for (let page = 0; page < 3; page += 1) {
    const { data, error } = await client.query(PAGE, { after }).toPromise();
    assert.equal(error, undefined);
    data.deals.nodes.forEach((deal) => seen.add(deal.id));
    after = data.deals.pageInfo.endCursor;
  }
  assert.equal(seen.size, 15);
});

test('urql: queries by GET', async () => {
  const { data, error } = await client.query(gql`{ viewer { role } }`, {}, { preferGetMethod: 'force' }).toPromise();
  assert.equal(error, undefined);
  assert.equal(data.viewer.role, 'SALES_MANAGER');
});

test('urql: errors carry their code, and what could be read comes along', async () => {
  const unknown = await client.query(gql`{ nothing }`, {}).toPromise();
  assert.equal(unknown.error.graphQLErrors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
  const analyst = withToken(await signIn('analyst'));
  const { data, error } = await analyst.query(gql`{ contacts(first: 2) { nodes { id email } } }`, {}).toPromise();
  assert.deepEqual(data.contacts.nodes.map((contact) => contact.email), [null, null]);
  assert.deepEqual(error.graphQLErrors.map((one) => one.extensions.code), ['FORBIDDEN_FIELD', 'FORBIDDEN_FIELD']);
});

test('urql: a stale version is a CONFLICT that says the current one', async () => {
  const capture = gql`mutation ($input: CaptureLeadInput!) { captureLead(input: $input) { contact { id version } } }`;
  const { data } = await client.mutation(capture, { input: newLead() }).toPromise();
  const { id, version } = data.captureLead.contact;
  const update = gql`mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { version jobTitle } } }`;
  const input = { id, expectedVersion: version, jobTitle: 'Buyer' };
  const updated = await client.mutation(update, { input }).toPromise();
  assert.equal(updated.data.updateContact.contact.jobTitle, 'Buyer');
  const stale = await client.mutation(update, { input }).toPromise();
  const { code, currentVersion } = stale.error.graphQLErrors[0].extensions;
  assert.equal(code, 'CONFLICT');
  assert.equal(currentVersion, updated.data.updateContact.contact.version);
});
