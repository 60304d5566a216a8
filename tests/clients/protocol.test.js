// graphql-transport-ws word by word, on bare sockets: every close code, what is an error and what is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import WebSocket from 'ws';
import { CHANGED, session, signIn, data, socketUrl } from './service.js';

/** A bare socket: what it was sent, and how it was closed. */
class Wire {
  constructor(protocols = 'graphql-transport-ws') {
    this.socket = new WebSocket(socketUrl, protocols);
    this.messages = [];
    this.waiting = [];
    this.socket.on('message', (text) => {
      this.messages.push(JSON.parse(text));
      this.waiting.splice(0).forEach((wake) => wake());
    });
    this.opened = new Promise((resolve, reject) => this.socket.once('open', resolve).once('error', reject));
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.waiting.splice(0).forEach((wake) => wake());
      });
    });
  }

  async send(message) {
    await this.opened;
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** The next message that has not been looked at. */
  async next() {
    while (this.messages.length === 0) {
      if (this.socket.readyState >= WebSocket.CLOSING) assert.fail(`closed: ${JSON.stringify(await this.closed)}`);
      await new Promise((wake) => this.waiting.push(wake));
    }
    return this.messages.shift();
  }

  /** Begins, as somebody or as nobody. */
  async init(payload) {
    await this.send({ type: 'connection_init', ...(payload && { payload }) });
    assert.equal((await this.next()).type, 'connection_ack');
    return this;
  }

  subscribe(id, query, variables) {
    return this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  async closes(code) {
    const closed = await this.closed;
    assert.equal(closed.code, code, JSON.stringify(closed));
    assert.ok(closed.reason.length > 0 && Buffer.byteLength(closed.reason) <= 123);
    return closed.reason;
  }
}

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const begun = async (person) => new Wire().init(bearer(await signIn(person)));

// Begun first and looked at last, since it takes as long as the service waits.
const silent = new Wire();

test('socket 4406: no subprotocol; another one is refused', async () => {
  await new Wire([]).closes(4406);
  await assert.rejects(new Wire('graphql-ws').opened);
});

for (const [what, message] of [
  ['no JSON', 'hello'],
  ['no object', '[]'],
  ['no type', {}],
  ['an unknown type', { type: 'start', id: '1' }],
  ['a message of the server', { type: 'connection_ack' }],
  ['a subscribe without id', { type: 'subscribe', payload: { query: '{ __typename }' } }],
  ['an empty id', { type: 'subscribe', id: '', payload: { query: '{ __typename }' } }],
  ['a subscribe without payload', { type: 'subscribe', id: '1' }],
  ['a query that is no text', { type: 'subscribe', id: '1', payload: { query: 7 } }],
  ['variables that are no object', { type: 'subscribe', id: '1', payload: { query: '{ __typename }', variables: [] } }],
  ['a complete without id', { type: 'complete' }],
  ['a ping with text', { type: 'ping', payload: 'text' }],
]) {
  test(`socket 4400: ${what}`, async () => {
    const wire = await new Wire().init();
    await wire.send(message);
    await wire.closes(4400);
  });
}

test('socket 4400: an init whose payload is no object', async () => {
  const wire = new Wire();
  await wire.send({ type: 'connection_init', payload: 'token' });
  await wire.closes(4400);
});

test('socket 4401: an operation before the init', async () => {
  const wire = new Wire();
  await wire.subscribe('1', '{ __typename }');
  assert.equal(await wire.closes(4401), 'Unauthorized');
});

test('socket 4403: an init with a token that is not valid', async () => {
  const wire = new Wire();
  await wire.send({ type: 'connection_init', payload: bearer('eyJ.not.valid') });
  assert.match(await wire.closes(4403), /^Forbidden/);
});

test('socket 4409: an id that is in use', async () => {
  const wire = await begun('SALES_MANAGER');
  await wire.subscribe('once', CHANGED);
  await wire.subscribe('once', CHANGED);
  assert.equal(await wire.closes(4409), 'Subscriber for once already exists');
});

test('socket 4429: a second init', async () => {
  const wire = await new Wire().init();
  await wire.send({ type: 'connection_init' });
  assert.equal(await wire.closes(4429), 'Too many initialisation requests');
});

test('socket: a long id does not make the close reason too long', async () => {
  const wire = await begun('SALES_MANAGER');
  const id = 'ü'.repeat(200);
  await wire.subscribe(id, CHANGED);
  await wire.subscribe(id, CHANGED);
  await wire.closes(4409);
});

test('socket: the token is found under any spelling of the header, an empty one is nobody', async () => {
  const token = await signIn('SALES_MANAGER');
  for (const name of ['Authorization', 'authorization', 'AUTHORIZATION']) {
    const wire = await new Wire().init({ [name]: `Bearer ${token}` });
    await wire.subscribe('1', '{ viewer { role } }');
    assert.equal((await wire.next()).payload.data.viewer.role, 'SALES_MANAGER', name);
    wire.socket.close();
  }
  for (const payload of [{ Authorization: '' }, { Authorization: 'Bearer ' }, { other: true }]) {
    const wire = await new Wire().init(payload);
    await wire.subscribe('1', '{ __typename viewer { role } }');
    const answer = await wire.next();
    assert.equal(answer.type, 'next');
    assert.equal(answer.payload.errors[0].extensions.code, 'UNAUTHENTICATED');
    wire.socket.close();
  }
});

test('socket: a query is answered by next and complete, and its id is free again', async () => {
  const wire = await begun('SALES_MANAGER');
  for (let round = 0; round < 2; round += 1) {
    await wire.subscribe('again', '{ viewer { role } }');
    const next = await wire.next();
    assert.deepEqual([next.type, next.id, next.payload.data.viewer.role], ['next', 'again', 'SALES_MANAGER']);
    assert.deepEqual(await wire.next(), { type: 'complete', id: 'again' });
  }
  wire.socket.close();
});

for (const [what, query, code] of [
  ['a document that is no GraphQL', '{', 'GRAPHQL_PARSE_FAILED'],
  ['a document that does not fit the schema', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ['a subscription that does not fit the schema', 'subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ['a variable that does not fit', 'query ($n: Int!) { deals(first: $n) { totalCount } }', 'BAD_USER_INPUT'],
  ['a document that is too deep', `${'{ a '.repeat(60)}${'}'.repeat(60)}`, 'QUERY_TOO_COMPLEX'],
]) {
  test(`socket: ${what} is answered by error, which ends the operation only`, async () => {
    const wire = await begun('SALES_MANAGER');
    await wire.subscribe('1', query);
    const error = await wire.next();
    assert.deepEqual([error.type, error.id], ['error', '1']);
    assert.ok(Array.isArray(error.payload));
    assert.equal(error.payload[0].extensions.code, code);
    await wire.subscribe('1', '{ __typename }');
    assert.equal((await wire.next()).type, 'next');
    wire.socket.close();
  });
}

test('socket: pings are answered, with or without an init; a complete is not echoed', async () => {
  const wire = new Wire();
  await wire.send({ type: 'ping' });
  assert.equal((await wire.next()).type, 'pong');
  await wire.init(bearer(await signIn('SALES_MANAGER')));
  await wire.send({ type: 'pong' });
  await wire.subscribe('1', CHANGED);
  await wire.send({ id: '1', type: 'complete' });
  await wire.send({ id: 'unknown', type: 'complete' });
  await wire.send({ type: 'ping', payload: {} });
  assert.equal((await wire.next()).type, 'pong');
  await wire.subscribe('1', '{ __typename }');
  assert.equal((await wire.next()).type, 'next');
  wire.socket.close();
});

test('socket: nobody cannot subscribe to changes', async () => {
  const wire = await new Wire().init();
  await wire.subscribe('1', CHANGED);
  const answer = await wire.next();
  const errors = answer.type === 'error' ? answer.payload : answer.payload.errors;
  assert.equal(errors[0].extensions.code, 'UNAUTHENTICATED');
  wire.socket.close();
});

test('socket: it ends when its session is signed out', async () => {
  const { accessToken } = await session('ADMIN');
  const wire = await new Wire().init(bearer(accessToken));
  await wire.subscribe('1', CHANGED);
  await data('mutation { signOut(input: {}) { endedSessions } }', { token: accessToken });
  const { code } = await wire.closed;
  assert.ok([4401, 4403].includes(code), `${code}`);
});

test('socket 4408: no init', async () => {
  await silent.opened;
  assert.equal(await silent.closes(4408), 'Connection initialisation timeout');
});
