// A line for every check, why one failed, and the plain closing line.

import { inspect } from 'node:util';

export default async function* report(events) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details.type === 'suite') continue;
    const outcome = data.skip !== undefined ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    count[outcome] += 1;
    const why = typeof data.skip === 'string' ? ` (${data.skip})` : '';
    yield `${outcome.padEnd(8)}${data.name}${why}\n`;
    if (outcome === 'failed') yield `${explain(data.details.error)}\n`;
  }
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
  yield `${count.passed} passed, ${count.failed} failed${skipped}\n`;
}

function explain(error) {
  const cause = error.cause ?? error;
  const text = cause.stack ?? inspect(cause, { depth: 4 });
  return text.split('\n').slice(0, 25).join('\n').replace(/^/gm, '          ');
}
