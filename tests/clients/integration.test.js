// The integration in Python that the README shows.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { promisify } from 'node:util';

const cwd = fileURLToPath(new URL('.', import.meta.url));
const python = async (...options) => (await promisify(execFile)('python3', ['-B', ...options], { cwd })).stdout;

test('Python: signs in, walks all pages, retries a batch with its key, reads what changed', async () => {
  const lines = (await python('integration.py')).trim().split('\n');
  assert.match(lines[0], /^\d{3,} companies$/);
  assert.equal(lines[1], '3 leads, then the same again: True');
  assert.match(lines[2], /^contact\.email: .+\.$/);
  assert.match(lines[3], /^\d+ leads have changed, \d+ changes of leads and contacts$/);
});

test('Python: goes on with its refresh token when the access token has ended', async () => {
  const program = `
from integration import Tributary
tributary = Tributary("ivo.integration@demo.example", "demo-integration-2026!")
tributary.tokens["accessToken"] = "ended"
print(tributary.ask("{ viewer { role } }")["viewer"]["role"])
`;
  assert.equal(await python('-c', program), 'INTEGRATION\n');
});
