// Apollo Client: queries, errors, mutations, pages, persisted queries and subscriptions by socket and by multipart HTTP.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { filter, firstValueFrom, from } from 'rxjs';
import { apollo } from './examples/apollo.js';
import { CHANGED, capturing, newLead, signIn, url } from './service.js';

let token;
let client;

const http = (options) => new HttpLink({ uri: url, headers: { authorization: `Bearer ${token}` }, ...options });
const over = (link) => new ApolloClient({ link, cache: new InMemoryCache() });

before(async () => {
  token = await signIn('SALES_MANAGER');
  client = apollo(url, () => token);
});
after(() => client.stop());

test('Apollo: a query', async () => {
  const { data } = await client.query({ query: gql`{ viewer { role user { id name email } } }` });
  assert.equal(data.viewer.role, 'SALES_MANAGER');
  assert.equal(data.viewer.user.__typename, 'User');
});

test('Apollo: relayStylePagination joins keyset pages', async () => {
  const query = gql`
    query Companies($first: Int, $after: String) {
      companies(first: $first, after: $after, orderBy: [{ field: NAME }]) {
        totalCount
        edges { cursor node { id name } }
        pageInfo { endCursor hasNextPage }
      }
    }
  `;
  const variables = { first: 4 };
  const watched = client.watchQuery({ query, variables });
  const loaded = firstValueFrom(from(watched).pipe(filter((result) => !result.loading)));
  const read = () => client.readQuery({ query, variables }).companies;
  await loaded;
  await watched.fetchMore({ variables: { first: 3, after: read().pageInfo.endCursor } });
  await watched.fetchMore({ variables: { first: 3, after: read().pageInfo.endCursor } });
  const names = read().edges.map(({ node }) => node.name);
  assert.equal(new Set(names).size, 10);
  assert.equal(read().pageInfo.hasNextPage, true);
});

test('Apollo: an error of the whole request is a CombinedGraphQLErrors with its code', async () => {
  for (const [query, code] of [
    [gql`{ nothing }`, 'GRAPHQL_VALIDATION_FAILED'],
    [gql`{ companies(after: "tampered") { totalCount } }`, 'BAD_USER_INPUT'],
  ]) {
    const { error } = await client.query({ query });
    assert.ok(CombinedGraphQLErrors.is(error), String(error));
    assert.equal(error.errors[0].extensions.code, code);
  }
  await assert.rejects(client.query({ query: gql`{ nothing }`, errorPolicy: 'none' }), CombinedGraphQLErrors.is);
});

test('Apollo: a field that is refused is null, its siblings come, the error has code and path', async () => {
  const analyst = await signIn('ANALYST');
  const query = gql`{ contacts(first: 1) { nodes { id email jobTitle } } }`;
  const { data, error } = await apollo(url, () => analyst).query({ query });
  assert.equal(data.contacts.nodes[0].email, null);
  assert.ok(data.contacts.nodes[0].id);
  assert.equal(error.errors.length, 1);
  assert.equal(error.errors[0].extensions.code, 'FORBIDDEN_FIELD');
  assert.deepEqual(error.errors[0].path, ['contacts', 'nodes', 0, 'email']);
});

const CAPTURE = gql`
  mutation Capture($input: CaptureLeadInput!) {
    captureLead(input: $input) { outcome lead { id status version } userErrors { code field message } }
  }
`;

test('Apollo: a mutation, its mistakes as userErrors, and a retry with an idempotency key', async () => {
  const input = newLead();
  const context = { headers: { 'idempotency-key': input.contact.email } };
  const first = await client.mutate({ mutation: CAPTURE, variables: { input }, context });
  const second = await client.mutate({ mutation: CAPTURE, variables: { input }, context });
  assert.deepEqual(first.data.captureLead.userErrors, []);
  assert.equal(second.data.captureLead.lead.id, first.data.captureLead.lead.id);
  const wrong = { source: 'INBOUND', contact: { firstName: 'Nobody' } };
  const refused = await client.mutate({ mutation: CAPTURE, variables: { input: wrong } });
  assert.equal(refused.data.captureLead.lead, null);
  assert.ok(refused.data.captureLead.userErrors[0].message);
});

test('Apollo: automatic persisted queries, by POST and by GET', async () => {
  const sha256 = (text) => createHash('sha256').update(text).digest('hex');
  const requests = [];
  const counted = (uri, options) => {
    requests.push({ method: options.method, body: options.body ?? decodeURIComponent(uri) });
    return fetch(uri, options);
  };
  const persisted = (useGETForHashedQueries) =>
    over(ApolloLink.from([new PersistedQueryLink({ sha256, useGETForHashedQueries }), http({ fetch: counted })]));
  const query = gql`query Persisted${Date.now()} { viewer { role restrictedFields { field } } companies(first: 1) { totalCount } }`;
  const ask = async (by) => (await by.query({ query })).data.viewer.role;

  assert.equal(await ask(persisted(false)), 'SALES_MANAGER');
  assert.equal(requests.length, 2, 'not known yet: once without, once with the document');
  assert.equal(await ask(persisted(false)), 'SALES_MANAGER');
  assert.equal(requests.length, 3, 'known now');
  assert.ok(!requests[2].body.includes('restrictedFields'));
  assert.equal(await ask(persisted(true)), 'SALES_MANAGER');
  assert.equal(requests.length, 4);
  assert.equal(requests[3].method, 'GET');
});

/** The first change that a subscription sees. */
async function firstChange(by) {
  const result = await capturing(token, firstValueFrom(by.subscribe({ query: gql(CHANGED) })));
  assert.equal(result.error, undefined);
  return result.data.changed;
}

test('Apollo: a subscription over the socket', async () => {
  assert.equal((await firstChange(client)).event.action, 'captureLead');
});

test('Apollo: a subscription over multipart HTTP', async () => {
  assert.equal((await firstChange(over(http()))).event.action, 'captureLead');
});
