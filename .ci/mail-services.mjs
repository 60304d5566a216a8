#!/usr/bin/env node
// Brings api/src/spelling/mail_services.txt up to date from the lists that other people keep: node .ci/mail-services.mjs
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { domainToASCII, domainToUnicode } from 'node:url';

// Package, and how its domains are read.
const SOURCES = [
  ['free-email-domains', 'domains.json', JSON.parse],
  ['email-providers', 'all.json', JSON.parse],
  ['mailchecker', 'platform/node/index.js', (text) => [...text.matchAll(/"([^"\s/]+\.[^"\s/]+)"/g)].map((hit) => hit[1])],
];
// Services that none of them knows yet.
const MORE = ['tuta.com', 'tutanota.com'];
// For examples and tests (RFC 2606), which belong to no service.
const RESERVED = /(^|\.)(example|test|invalid|localhost)$|^example\.(com|net|org)$/;

const folder = mkdtempSync(join(tmpdir(), 'mail-services-'));
const origins = [];
const domains = new Set(MORE);
for (const [name, file, read] of SOURCES) {
  const archive = execFileSync('npm', ['pack', name, '--silent'], { cwd: folder, encoding: 'utf8' }).trim();
  execFileSync('tar', ['xzf', archive], { cwd: folder });
  const about = JSON.parse(readFileSync(join(folder, 'package/package.json'), 'utf8'));
  origins.push(`${name} ${about.version} (${about.license})`);
  const listed = read(readFileSync(join(folder, 'package', file), 'utf8'));
  for (const domain of Array.isArray(listed) ? listed : Object.keys(listed)) domains.add(domain);
  rmSync(join(folder, 'package'), { recursive: true });
}
rmSync(folder, { recursive: true });

const spelt = [...domains]
  .map((domain) => domainToUnicode(domainToASCII(domain.trim().toLowerCase())))
  .filter((domain) => domain.includes('.') && !RESERVED.test(domain));
const bytes = [...new Set(spelt)].map((domain) => Buffer.from(domain)).sort(Buffer.compare).map(String);
const day = new Date().toISOString().slice(0, 10);
const head = [
  '# Domains of mail services that anybody can use, also for an hour.',
  `# From ${origins.join(', ')}; ${day}.`,
  '# Written by .ci/mail-services.mjs; run it again to bring it up to date.',
];
const target = new URL('../api/src/spelling/mail_services.txt', import.meta.url);
writeFileSync(target, `${[...head.sort(), ...bytes].join('\n')}\n`);
console.log(`${bytes.length} domains from ${origins.join(', ')}`);
