// Where the service is, who can sign in, and the plainest request there is.

import assert from 'node:assert/strict';
import WebSocket from 'ws';

// Browsers and newer Node have one; this one also serves Node 20.
globalThis.WebSocket ??= WebSocket;

/** The endpoint. */
export const url = process.env.TRIBUTARY_URL ?? 'http://127.0.0.1:8080/graphql';
/** The same endpoint for sockets. */
export const socketUrl = url.replace(/^http/, 'ws');

/** A demo user for each role: the name in the address, and what stands in the password. */
const users = {
  ADMIN: ['ada.admin', 'admin'],
  SALES_MANAGER: ['sara.salesmanager', 'salesmanager'],
  SALES_REP: ['rita.rep', 'rep-north'],
  MARKETING_MANAGER: ['mona.marketingmanager', 'marketingmanager'],
  MARKETER: ['mark.marketer', 'marketer'],
  ANALYST: ['anna.analyst', 'analyst'],
  INTEGRATION: ['ivo.integration', 'integration'],
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

/** The session of a role's demo user: `accessToken`, `refreshToken`. */
export async function session(role) {
  const [name, word] = users[role];
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken userErrors { message } } }';
  const input = { email: `${name}@demo.example`, password: `demo-${word}-2026!` };
  const { signIn: begun } = await data(signIn, { variables: { input } });
  assert.ok(begun.accessToken, JSON.stringify(begun.userErrors));
  return begun;
}

/** An access token of a role's demo user. */
export const signIn = async (role) => (await session(role)).accessToken;

let made = 0;
/** The input of a captureLead that nobody has sent before. */
export function newLead() {
  made += 1;
  const unique = `${process.pid}-${Date.now()}-${made}`;
  return { source: 'INBOUND', contact: { email: `client-${unique}@example.org`, firstName: 'Clara', lastName: 'Client' } };
}

/** A subscription to the changes of leads. */
export const CHANGED = `
  subscription Changed($after: String) {
    changed(types: [LEAD], after: $after) { cursor event { seq action subjectId } node { id } }
  }
`;

const CAPTURE = 'mutation ($input: CaptureLeadInput!) { captureLead(input: $input) { outcome lead { id } } }';

/** Captures a lead and answers its id. */
export const capture = async (token) => (await data(CAPTURE, { token, variables: { input: newLead() } })).captureLead.lead.id;

/** Waits for what a subscription will see, and captures leads meanwhile so that there is something to see. */
export async function capturing(token, seen) {
  let over = false;
  const wait = Promise.resolve(seen).finally(() => (over = true));
  wait.catch(() => {});
  for (let count = 0; count < 200 && !over; count += 1) await capture(token);
  assert.ok(over, 'nothing was seen of 200 captured leads');
  return wait;
}
