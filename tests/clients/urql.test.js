// urql: queries, pages, errors, mutations over HTTP, subscriptions over the socket.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { gql } from '@urql/core';
import { urql } from './examples/urql.js';
import { CHANGED, capturing, newLead, signIn, url } from './service.js';

let token;
let client;

before(async () => {
  token = await signIn('SALES_MANAGER');
  client = urql(url, () => token);
});

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
  const analyst = await signIn('ANALYST');
  const { data, error } = await urql(url, () => analyst).query(gql`{ contacts(first: 2) { nodes { id email } } }`, {}).toPromise();
  assert.deepEqual(data.contacts.nodes.map((contact) => contact.email), [null, null]);
  // One error stands for both places.
  assert.equal(error.graphQLErrors[0].extensions.count, 2);
  assert.deepEqual(error.graphQLErrors.map((one) => one.extensions.code), ['FORBIDDEN_FIELD']);
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

test('urql: a subscription over the socket', async () => {
  const seen = new Promise((resolve) => {
    const { unsubscribe } = client.subscription(gql(CHANGED), {}).subscribe((result) => {
      resolve(result);
      queueMicrotask(unsubscribe);
    });
  });
  const { data, error } = await capturing(token, seen);
  assert.equal(error, undefined);
  assert.equal(data.changed.event.action, 'captureLead');
});
