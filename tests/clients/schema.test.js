// The committed schema by the rules of graphql-eslint: Relay's connections, descriptions, names, nothing unreachable.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parser, rules } from '@graphql-eslint/eslint-plugin';
import { Linter } from 'eslint';
import { specifiedDirectives } from 'graphql';

const text = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');

const wanted = {
  'relay-arguments': { includeBoth: true },
  'relay-connection-types': null,
  'relay-edge-types': { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
  'relay-page-info': null,
  'require-description': {
    types: true,
    FieldDefinition: true,
    InputValueDefinition: true,
    EnumValueDefinition: true,
    DirectiveDefinition: true,
    rootField: true,
  },
  'require-deprecation-reason': null,
  'no-unreachable-types': null,
  'no-hashtag-description': null,
  'no-scalar-result-type-on-mutation': null,
  'unique-enum-value-names': null,
  'input-name': { checkInputType: false, caseSensitiveInputType: false },
  'require-nullable-result-in-root': null,
  'naming-convention': {
    types: 'PascalCase',
    FieldDefinition: 'camelCase',
    InputValueDefinition: 'camelCase',
    Argument: 'camelCase',
    DirectiveDefinition: 'camelCase',
    EnumValueDefinition: 'UPPER_CASE',
  },
};

const named = (rule) => `@graphql-eslint/${rule}`;
const severities = Object.entries(wanted).map(([rule, options]) => [named(rule), ['error', ...(options ? [options] : [])]]);
const configuration = {
  files: ['**/*.graphql'],
  plugins: { '@graphql-eslint': { rules } },
  languageOptions: { parser, parserOptions: { graphQLConfig: { schema: text } } },
  rules: Object.fromEntries(severities),
};
// The arguments of `@skip`, `@include` and their like are the specification's, not ours to describe.
const ofTheSpecification = new RegExp(` in directive "(${specifiedDirectives.map(({ name }) => name).join('|')})"$`);
const found = new Linter({ configType: 'flat' })
  .verify(text, [configuration], { filename: 'schema.graphql' })
  .filter(({ message }) => !ofTheSpecification.test(message));

test('graphql-eslint: reads the schema', () => {
  const unknown = found.filter(({ ruleId }) => !Object.keys(wanted).some((rule) => ruleId === named(rule)));
  assert.deepEqual(unknown, []);
});

for (const rule of Object.keys(wanted)) {
  test(`graphql-eslint: ${rule}`, () => {
    const broken = found.filter(({ ruleId }) => ruleId === named(rule));
    assert.deepEqual(broken.map(({ line, message }) => `schema.graphql:${line}: ${message}`).slice(0, 20), []);
  });
}
