// Validation beside the reference implementation: every document of tests/corpus/validation.txt, and documents made of
// them at random, are judged by graphql-js on our schema and by the service. Both say the same. (Our own scalars count as
// scalars that take anything: what they hold is judged where it is used.)

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { GraphQLScalarType, buildSchema, parse, specifiedScalarTypes, validate } from 'graphql';
import { signIn, url } from './service.js';

const root = new URL('../../', import.meta.url);
const schema = buildSchema(await readFile(new URL('schema.graphql', root), 'utf8'));
for (const type of Object.values(schema.getTypeMap())) {
  if (type instanceof GraphQLScalarType && !specifiedScalarTypes.some(({ name }) => name === type.name)) {
    type.parseLiteral = () => null;
  }
}

const told = { '␤': '\n', '␍': '\r', '␉': '\t', '␣BOM␣': '\ufeff' };
const documents = (await readFile(new URL('tests/corpus/validation.txt', root), 'utf8'))
  .split('\n')
  .filter((line) => /^[+-] /.test(line))
  .map((line) => ({ valid: line[0] === '+', document: line.slice(2).replace(/␤|␍|␉|␣BOM␣/g, (sign) => told[sign]) }));

/** What graphql-js says: nothing, or why not. */
function reference(document) {
  try {
    return validate(schema, parse(document)).map(({ message }) => message)[0];
  } catch (error) {
    return error.message;
  }
}

const token = await signIn('ADMIN');
const headers = {
  'content-type': 'application/json',
  accept: 'application/graphql-response+json',
  authorization: `Bearer ${token}`,
};

/** What the service says: nothing, or why not. A variable that was not given is no fault of the document. */
async function ours(document) {
  // Of an operation that the document does not have: whatever is valid is refused next, and nothing runs.
  const body = JSON.stringify({ query: document, operationName: 'NoSuchOperation' });
  const response = await fetch(url, { method: 'POST', headers, body });
  const { errors } = await response.json();
  const [{ message, extensions }] = errors;
  if (extensions.code === 'BAD_USER_INPUT' && /operationName/.test(message)) return undefined;
  // What a valid document holds is looked at only afterwards, whatever the operation.
  if (extensions.code === 'BAD_USER_INPUT' && /control character/.test(message)) return undefined;
  assert.equal(response.status, 400);
  assert.match(extensions.code, /^GRAPHQL_(PARSE|VALIDATION)_FAILED$/, message);
  return message;
}

const describe = (document, theirs, mine) => `${document}\n  graphql-js: ${theirs ?? 'valid'}\n  service: ${mine ?? 'valid'}`;

test('validation: the corpus, as the reference judges it', async () => {
  assert.ok(documents.length > 250);
  const wrong = [];
  for (const { valid, document } of documents) {
    const [theirs, mine] = [reference(document), await ours(document)];
    if ((theirs === undefined) !== valid || (mine === undefined) !== valid) wrong.push(describe(document, theirs, mine));
  }
  assert.deepEqual(wrong, []);
});

// A generator of whole numbers below a limit, the same in every run unless a seed is given.
let seed = Number(process.env.SEED ?? 20261130);
const below = (limit) => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
};
const TOKENS = /"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*|\.\.\.|-?\d+(?:\.\d+)?|\s+|[\s\S]/g;

/** A document with one to three tokens dropped, doubled, exchanged, or taken from another document. */
function changed(document) {
  const tokens = document.match(TOKENS);
  for (let times = below(3); times >= 0; times -= 1) {
    const [here, there] = [below(tokens.length), below(tokens.length)];
    const other = documents[below(documents.length)].document.match(TOKENS);
    switch (below(5)) {
      case 0:
        tokens.splice(here, 1);
        break;
      case 1:
        tokens.splice(here, 0, tokens[there]);
        break;
      case 2:
        [tokens[here], tokens[there]] = [tokens[there], tokens[here]];
        break;
      case 3:
        tokens[here] = tokens[there];
        break;
      default:
        tokens[here] = other[below(other.length)];
    }
  }
  return tokens.join('');
}

test(`validation: random changes of the corpus, seed ${seed}`, async () => {
  const wrong = [];
  let valid = 0;
  for (let round = 0; round < 3_000; round += 1) {
    const document = changed(documents[below(documents.length)].document);
    // JSON in UTF-8 carries no half characters, and an empty document is no request.
    if (!document.isWellFormed?.() || document.trim() === '') continue;
    const [theirs, mine] = [reference(document), await ours(document)];
    valid += theirs === undefined ? 1 : 0;
    if ((theirs === undefined) !== (mine === undefined)) wrong.push(describe(document, theirs, mine));
  }
  assert.deepEqual(wrong.slice(0, 20), []);
  assert.ok(valid > 100, `only ${valid} valid documents were made`);
});
