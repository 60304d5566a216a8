// The lead inbox of a seller: every operation typed by the schema, nulls included.

import { type FragmentType, graphql, useFragment } from './gql/index.js';
import type { LeadFilter, TypedDocumentString } from './gql/graphql.js';

const SignIn = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) { accessToken userErrors { message } }
  }
`);

const LeadRow = graphql(`
  fragment LeadRow on Lead {
    id
    version
    status
    allowed
    contact { displayName email }
    estimatedValue { amount currency }
  }
`);

const Inbox = graphql(`
  query Inbox($after: String, $filter: LeadFilter) {
    leads(first: 10, after: $after, filter: $filter, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
      totalCount
      nodes { ...LeadRow }
      pageInfo { endCursor hasNextPage }
    }
  }
`);

const Pipeline = graphql(`
  query Pipeline($timeZone: TimeZone!) {
    deals(filter: { createdAt: { last: { months: 6 } } }) {
      groupBy(by: [{ field: CREATED_AT, bucket: MONTH }, { field: STAGE }], timeZone: $timeZone) {
        key { createdAt stage { name } }
        count
        sum { amount { amount currency } }
      }
    }
  }
`);

const CaptureLead = graphql(`
  mutation CaptureLead($input: CaptureLeadInput!) {
    captureLead(input: $input) { outcome lead { ...LeadRow } userErrors { code field message } }
  }
`);

/** Runs an operation. Errors of single fields leave the rest of the data usable; a program decides by their code. */
async function run<Result, Variables>(
  url: string,
  token: string | null,
  document: TypedDocumentString<Result, Variables>,
  ...[variables]: Variables extends Record<string, never> ? [] : [Variables]
): Promise<Result> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const answer = (await response.json()) as {
    data?: Result;
    errors?: { message: string; path?: (string | number)[]; extensions: { code: string } }[];
  };
  const grave = answer.errors?.find((error) => error.extensions.code !== 'FORBIDDEN_FIELD');
  if (!answer.data || grave) throw new Error(`${grave?.extensions.code}: ${grave?.message}`);
  return answer.data;
}

function line(row: FragmentType<typeof LeadRow>): string {
  const lead = useFragment(LeadRow, row);
  const value = lead.estimatedValue;
  const worth = value ? `${value.amount} ${value.currency}` : 'not yet estimated';
  return `${lead.contact?.displayName ?? 'somebody'} (${lead.status}): ${worth}, ${lead.allowed.length} actions`;
}

/** Signs in, reads two pages of the inbox and the pipeline, captures a lead. */
export async function inbox(url: string, email: string, password: string): Promise<string[]> {
  const { signIn } = await run(url, null, SignIn, { input: { email, password } });
  const token = signIn?.accessToken;
  if (!token) throw new Error(signIn?.userErrors[0]?.message);
  const open: LeadFilter = { status: { notIn: ['CONVERTED', 'DISQUALIFIED'] } };
  const first = (await run(url, token, Inbox, { filter: open })).leads;
  const second = (await run(url, token, Inbox, { filter: open, after: first?.pageInfo.endCursor ?? null })).leads;
  const { deals } = await run(url, token, Pipeline, { timeZone: 'Europe/Berlin' });
  const contact = { email: `typed-${Date.now()}@example.org`, lastName: 'Typed' };
  const { captureLead } = await run(url, token, CaptureLead, { input: { source: 'OUTBOUND', contact } });
  return [
    ...(first?.nodes ?? []).map(line),
    ...(second?.nodes ?? []).map(line),
    ...(deals?.groupBy ?? []).map(({ key, count }) => `${key.createdAt} ${key.stage?.name}: ${count}`),
    ...(captureLead?.lead ? [line(captureLead.lead)] : []),
  ];
}
