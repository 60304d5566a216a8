// Where the service is, who can sign in, and the plainest request there is.

import assert from 'node:assert/strict';

/** The endpoint. */
export const url = process.env.TRIBUTARY_URL ?? 'http://127.0.0.1:8080/graphql';
/** The same endpoint for sockets. */
export const socketUrl = url.replace(/^http/, 'ws');

/** The demo users that the checks sign in as: name in the address, and what stands in the password. */
const people = {
  admin: ['ada.admin', 'admin'],
  manager: ['sara.salesmanager', 'salesmanager'],
  rep: ['rita.rep', 'rep-north'],
  marketing: ['mona.marketingmanager', 'marketingmanager'],
  analyst: ['anna.analyst', 'analyst'],
  integration: ['ivo.integration', 'integration'],
};

/** The whole answer to one operation. */
export async function ask(query, { variables, token, headers } = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** The data of an operation that must succeed. */
export async function data(query, options) {
  const answer = await ask(query, options);
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return answer.data;
}

/** The session of one of the people: `accessToken`, `refreshToken`. */
export async function session(person) {
  const [name, word] = people[person];
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken userErrors { message } } }';
  const input = { email: `${name}@demo.example`, password: `demo-${word}-2026!` };
  const { signIn: begun } = await data(signIn, { variables: { input } });
  assert.ok(begun.accessToken, JSON.stringify(begun.userErrors));
  return begun;
}

/** An access token of one of the people. */
export const signIn = async (person) => (await session(person)).accessToken;

let made = 0;
/** The input of a captureLead that nobody has sent before. */
export function newLead() {
  made += 1;
  const unique = `${process.pid}-${Date.now()}-${made}`;
  return { source: 'INBOUND', contact: { email: `client-${unique}@example.org`, firstName: 'Clara', lastName: 'Client' } };
}
