// graphql-codegen's client preset: what it makes of the schema passes strict TypeScript, and runs.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { url } from './service.js';

const cwd = fileURLToPath(new URL('typed', import.meta.url));
const tool = async (name, ...options) => {
  const ran = promisify(execFile)(fileURLToPath(new URL(`node_modules/.bin/${name}`, import.meta.url)), options, { cwd });
  await ran.catch((error) => assert.fail(error.stdout + error.stderr));
};

test('codegen: the client preset makes types of the schema', async () => {
  await rm(`${cwd}/gql`, { recursive: true, force: true });
  await tool('graphql-codegen', '--config', 'codegen.ts');
});

test('codegen: they pass tsc --strict', () => tool('tsc', '--strict', '--project', 'tsconfig.json'));

test('codegen: the typed operations run', async () => {
  const { inbox } = await import('./typed/out/inbox.js');
  const lines = await inbox(url, 'rita.rep@demo.example', 'demo-rep-north-2026!');
  assert.ok(lines.length > 20, `${lines.length} lines`);
  assert.match(lines.at(-1), /^Typed \(\w+\): not yet estimated, \d+ actions$/);
});
