// Server-sent events: graphql-sse's client with a connection for each operation, and the stream itself.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createClient } from 'graphql-sse';
import { CHANGED, capturing, newLead, signIn, url } from './service.js';

let token;
let client;

before(async () => {
  token = await signIn('SALES_MANAGER');
  client = createClient({ url, singleConnection: false, headers: () => ({ authorization: `Bearer ${token}` }), retryAttempts: 0 });
});

/** All results of an operation. */
async function results(operation) {
  const all = [];
  for await (const result of client.iterate(operation)) all.push(result);
  return all;
}

test('graphql-sse: a query', async () => {
  const [answer, ...more] = await results({ query: '{ viewer { role } }' });
  assert.equal(answer.data.viewer.role, 'SALES_MANAGER');
  assert.deepEqual(more, []);
});

test('graphql-sse: a mutation', async () => {
  const query = 'mutation ($input: CaptureLeadInput!) { captureLead(input: $input) { outcome } }';
  const [answer] = await results({ query, variables: { input: newLead() } });
  assert.equal(answer.data.captureLead.outcome, 'CREATED');
});

test('graphql-sse: a subscription, until the client ends it', async () => {
  const changes = client.iterate({ query: CHANGED });
  const { value } = await capturing(token, changes.next());
  assert.equal(value.data.changed.event.action, 'captureLead');
  await changes.return();
});

for (const [query, code] of [
  ['{', 'GRAPHQL_PARSE_FAILED'],
  ['subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ['query ($n: Int!) { deals(first: $n) { totalCount } }', 'BAD_USER_INPUT'],
]) {
  test(`graphql-sse: ${code} comes through the stream`, async () => {
    const [answer] = await results({ query });
    assert.equal(answer.errors[0].extensions.code, code);
    assert.ok(!('data' in answer));
  });
}

test('SSE: by GET as by POST, with an empty data line in complete for the EventSource of browsers', async () => {
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
  const body = JSON.stringify({ query: '{ __typename }' });
  for (const answer of [
    await fetch(`${url}?query=${encodeURIComponent('{ __typename }')}`, { headers }),
    await fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body }),
  ]) {
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
    const stream = await answer.text();
    assert.match(stream, /^event: ?next$/m);
    assert.match(stream, /^data: ?\{"data":\{"__typename":"Query"\}.*\}$/m);
    assert.match(stream, /^event: ?complete\ndata: ?\n\n/m);
  }
});
