// Every snippet of the README: queries and curl calls run, code is quoted from files that are tested here.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import { capturing, data, signIn, socketUrl, url } from './service.js';

const read = (file) => readFile(new URL(file, import.meta.url), 'utf8');
const readme = await read('../../README.md');
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));
const inLanguage = (...languages) => blocks.filter(({ language }) => languages.includes(language)).map(({ text }) => text);

async function firstChange(query, token) {
  const client = createClient({ url: socketUrl, connectionParams: { authorization: `Bearer ${token}` } });
  const { value } = await capturing(token, client.iterate({ query }).next());
  await client.dispose();
  assert.equal(value.errors, undefined);
  return value.data;
}

for (const query of inLanguage('graphql')) {
  const [, role, text] = query.match(/^# as (\w+)\n(.*)/s) ?? assert.fail(`no role in:\n${query}`);
  const heading = text.replace(/\s+/g, ' ').slice(0, 60);
  test(`README, as ${role}: ${heading}…`, async () => {
    const token = await signIn(role);
    const found = text.startsWith('subscription') ? await firstChange(text, token) : await data(text, { token });
    for (const [field, value] of Object.entries(found)) {
      assert.ok(value, field);
      assert.notEqual((value.nodes ?? value.groupBy)?.length, 0, `${field} is empty`);
    }
  });
}

test('README: every call with curl, one after the other', async () => {
  const calls = inLanguage('sh').filter((text) => text.includes('curl'));
  assert.ok(calls.length >= 4, `${calls.length} calls`);
  const script = calls.map((text) => text.replaceAll('http://127.0.0.1:8080/graphql', url)).join('\necho\n');
  const { stdout } = await promisify(execFile)('bash', ['-euc', script]);
  const answers = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  assert.equal(answers.length, calls.length);
  for (const answer of answers.flat()) assert.ok(answer.data && !answer.errors, JSON.stringify(answer));
});

test('README: the other commands are those that the gate runs', () => {
  const others = inLanguage('sh').filter((text) => !text.includes('curl'));
  assert.deepEqual(others.map((text) => text.trim()), ['cargo run', 'cargo test']);
});

test('README: code is quoted from files that are tested', async () => {
  const folders = ['.', 'examples', 'typed'];
  const sources = [];
  for (const folder of folders) {
    const files = await readdir(new URL(`${folder}/`, import.meta.url));
    for (const file of files.filter((name) => /\.(js|ts|py)$/.test(name))) sources.push(await read(`${folder}/${file}`));
  }
  const quotes = inLanguage('ts', 'js', 'python');
  assert.ok(quotes.length >= 5, `${quotes.length} quotes`);
  for (const text of quotes) assert.ok(sources.some((source) => source.includes(text)), `quoted from nowhere:\n${text}`);
});

test('README: links lead somewhere', async () => {
  const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => `#${heading.toLowerCase().replaceAll(' ', '-')}`);
  const targets = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  for (const target of targets) {
    if (target.startsWith('#')) assert.ok(headings.includes(target), target);
    else if (!target.includes(':')) await access(new URL(`../../${target}`, import.meta.url));
  }
});
