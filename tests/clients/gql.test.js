// Python's gql with its transports, which read the whole schema over the socket. Its WebSocket transport looks for the header of the answer in the
// spelling `Sec-WebSocket-Protocol` and in no other.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { signIn, url } from './service.js';

const run = promisify(execFile);
const cwd = fileURLToPath(new URL('.', import.meta.url));
const python = `${cwd}.venv/bin/python`;

test('Python gql: a query over HTTP and over a WebSocket, the schema, and a subscription', async () => {
  if (!existsSync(`${cwd}.venv/installed`)) {
    await run('python3', ['-m', 'venv', '.venv'], { cwd });
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'], { cwd });
    await run('touch', ['.venv/installed'], { cwd });
  }
  const env = { ...process.env, TRIBUTARY_URL: url, TRIBUTARY_TOKEN: await signIn('SALES_MANAGER') };
  const { stdout } = await run(python, ['-B', 'python_gql.py'], { cwd, env });
  assert.equal(stdout, 'SALES_MANAGER\nSALES_MANAGER\nQuery\ncaptureLead\n');
});
