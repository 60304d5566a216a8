// GraphQL over HTTP: the audits of the graphql-http project. Warnings and notices count as failures, too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { url } from './service.js';

const audits = serverAudits({ url, fetchFn: fetch });

test('graphql-http: 61 audits', () => assert.equal(audits.length, 61));

for (const audit of audits) {
  test(`graphql-http ${audit.id}: ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, 'ok', `${result.status}: ${result.reason}`);
  });
}
