// graphql-ws's client: every kind of operation, errors, who is asking, and coming back after a lost connection.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from 'graphql-ws';
import { CHANGED, capture, capturing, newLead, signIn, socketUrl } from './service.js';

let token;
let client;

const connect = (options) => createClient({ url: socketUrl, ...options });

before(async () => {
  token = await signIn('SALES_MANAGER');
  client = connect({ connectionParams: () => ({ authorization: `Bearer ${token}` }) });
});
after(() => client.dispose());

const first = async (by, operation) => (await by.iterate(operation).next()).value;

test('graphql-ws: a query', async () => {
  const answer = await first(client, { query: '{ viewer { role } }' });
  assert.equal(answer.data.viewer.role, 'SALES_MANAGER');
});

test('graphql-ws: a mutation with variables', async () => {
  const query = 'mutation Capture($input: CaptureLeadInput!) { captureLead(input: $input) { outcome } }';
  const answer = await first(client, { query, operationName: 'Capture', variables: { input: newLead() } });
  assert.equal(answer.data.captureLead.outcome, 'CREATED');
});

test('graphql-ws: a subscription sees changes in their order, with the object as it is', async () => {
  const changes = client.iterate({ query: CHANGED });
  const seen = [];
  for (let count = 0; count < 3; count += 1) seen.push((await capturing(token, changes.next())).value.data.changed);
  await changes.return();
  for (const { event, node } of seen) assert.deepEqual([event.action, event.subjectId], ['captureLead', node.id]);
  const numbers = seen.map(({ event }) => event.seq);
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
});

test('graphql-ws: a subscription resumes behind a cursor, and nothing is lost', async () => {
  const before = client.iterate({ query: CHANGED });
  const { cursor } = (await capturing(token, before.next())).value.data.changed;
  await before.return();
  const missed = [await capture(token), await capture(token), await capture(token)];
  const resumed = client.iterate({ query: CHANGED, variables: { after: cursor } });
  const told = new Set();
  while (!missed.every((id) => told.has(id))) told.add((await resumed.next()).value.data.changed.event.subjectId);
  await resumed.return();
});

test('graphql-ws: errors of a request reject with their codes, errors of a field come beside the data', async () => {
  await assert.rejects(first(client, { query: '{ nothing }' }), (errors) => {
    assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
  const analyst = await signIn('ANALYST');
  const other = connect({ connectionParams: { authorization: `Bearer ${analyst}` } });
  const answer = await first(other, { query: '{ contacts(first: 1) { nodes { id email } } }' });
  assert.equal(answer.data.contacts.nodes[0].email, null);
  assert.equal(answer.errors[0].extensions.code, 'FORBIDDEN_FIELD');
  await other.dispose();
});

test('graphql-ws: a token that is not valid is refused', async () => {
  const other = connect({ connectionParams: { authorization: 'Bearer not.a.token' }, retryAttempts: 0 });
  await assert.rejects(first(other, { query: '{ viewer { role } }' }), (closed) => closed.code === 4403);
});

test('graphql-ws: after a lost connection the client comes back and its subscription goes on', async () => {
  const sockets = [];
  const other = connect({
    connectionParams: { authorization: `Bearer ${token}` },
    retryWait: () => Promise.resolve(),
    on: { connected: (socket) => sockets.push(socket) },
  });
  const changes = other.iterate({ query: CHANGED });
  assert.ok((await capturing(token, changes.next())).value.data.changed);
  sockets[0].terminate();
  const more = changes.next();
  assert.ok((await capturing(token, more)).value.data.changed);
  await changes.return();
  await other.dispose();
});
