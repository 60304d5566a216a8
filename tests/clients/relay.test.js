// Relay: its compiler takes the schema with `node`, `nodes` and a paginated fragment for every connection there is;
// its runtime refetches a node, joins pages in its store, and runs a mutation.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { buildSchema, getNamedType, isInterfaceType, isObjectType } from 'graphql';
import relayCompiler from 'relay-compiler';
import relay from 'relay-runtime';
import { ask, newLead, signIn } from './service.js';

const schemaFile = new URL('../../schema.graphql', import.meta.url);
const schema = buildSchema(await readFile(schemaFile, 'utf8'));

/** Every field of the schema that is a connection: `Campaign.leads`, `Query.deals`. */
function connections() {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) || isInterfaceType(type));
  return types.flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => getNamedType(field.type).name.endsWith('Connection'))
      .map((field) => ({ on: type.name, field: field.name })),
  );
}

const upper = (name) => name[0].toUpperCase() + name.slice(1);

/** A fragment that pages through one connection and can be refetched from there. */
function paginated({ on, field }) {
  const name = `compiled_${on}${upper(field)}`;
  return `graphql\`
    fragment ${name} on ${on}
    @refetchable(queryName: "compiled${on}${upper(field)}Query")
    @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" }) {
      ${field}(first: $count, after: $cursor) @connection(key: "${name}_${field}") {
        totalCount
        edges { node { id __typename } }
      }
    }\`;`;
}

const operations = `
  graphql\`query compiledPageQuery { ...compiled_QueryCompanies @arguments(count: 3) }\`;
  graphql\`query compiledNodesQuery($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Lead { status } ... on Deal { name } } }\`;
  graphql\`fragment compiled_company on Company @refetchable(queryName: "compiledCompanyQuery") { id name version }\`;
  graphql\`query compiledFirstQuery { companies(first: 1) { nodes { id ...compiled_company } } }\`;
  graphql\`mutation compiledCaptureMutation($input: CaptureLeadInput!) { captureLead(input: $input) { lead { id status } userErrors { code field message } } }\`;
`;

let folder;
let artifact;
let environment;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-relay-'));
  const token = await signIn('SALES_MANAGER');
  const fetched = ({ text }, variables) => ask(text, { variables, token });
  environment = new relay.Environment({
    network: relay.Network.create(fetched),
    store: new relay.Store(new relay.RecordSource()),
  });
  const require = createRequire(join(folder, 'here.cjs'));
  artifact = (name) => require(`./made/${name}.graphql`);
});
after(() => rm(folder, { recursive: true, force: true }));

test('Relay: the compiler takes node, nodes and every connection', async () => {
  const all = connections();
  assert.ok(all.length > 30 && all.some(({ on }) => on === 'Query'), `${all.length} connections`);
  await mkdir(join(folder, 'source'));
  await mkdir(join(folder, 'made'));
  await writeFile(join(folder, 'schema.graphql'), await readFile(schemaFile));
  await writeFile(join(folder, 'package.json'), '{ "type": "commonjs" }');
  await writeFile(join(folder, 'source/compiled.js'), [...all.map(paginated), operations].join('\n'));
  const config = { src: './source', schema: './schema.graphql', language: 'javascript', artifactDirectory: './made', eagerEsModules: false };
  await writeFile(join(folder, 'relay.config.json'), JSON.stringify(config));
  await promisify(execFile)(relayCompiler, ['relay.config.json'], { cwd: folder });
  for (const { on, field } of all) artifact(`compiled_${on}${upper(field)}`);
});

const run = (name, variables = {}) => relay.fetchQuery(environment, artifact(name), variables).toPromise();

test('Relay: a node is refetched by its id', async () => {
  const { companies } = await run('compiledFirstQuery');
  const { id } = companies.nodes[0];
  await run('compiledCompanyQuery', { id });
  const company = environment.getStore().getSource().get(id);
  assert.equal(company.__typename, 'Company');
  assert.ok(company.name && company.version >= 1);
});

test('Relay: nodes of several types come in the order of their ids, what is missing as null', async () => {
  const { companies } = await run('compiledFirstQuery');
  const { id } = companies.nodes[0];
  const { nodes } = await run('compiledNodesQuery', { ids: [`lead_${'0'.repeat(32)}`, id] });
  assert.deepEqual(nodes.map((node) => node?.id ?? null), [null, id]);
});

test('Relay: pages of a connection join in the store', async () => {
  const page = artifact('compiledPageQuery');
  const first = relay.createOperationDescriptor(page, {});
  await relay.fetchQuery(environment, page, {}).toPromise();
  environment.retain(first);
  const read = () => {
    const fragment = artifact('compiled_QueryCompanies');
    const { data } = environment.lookup(first.fragment);
    const selector = relay.getSelector(fragment, data);
    return environment.lookup(selector).data.companies;
  };
  const one = read();
  assert.equal(one.edges.length, 3);
  assert.equal(one.pageInfo.hasNextPage, true);
  await run('compiledQueryCompaniesQuery', { count: 4, cursor: one.pageInfo.endCursor });
  const ids = read().edges.map((edge) => edge.node.id);
  assert.equal(new Set(ids).size, 7);
});

test('Relay: a mutation updates the store', async () => {
  const answer = await new Promise((resolve, reject) => {
    const mutation = artifact('compiledCaptureMutation');
    relay.commitMutation(environment, { mutation, variables: { input: newLead() }, onCompleted: resolve, onError: reject });
  });
  assert.deepEqual(answer.captureLead.userErrors, []);
  assert.equal(environment.getStore().getSource().get(answer.captureLead.lead.id).status, answer.captureLead.lead.status);
});
