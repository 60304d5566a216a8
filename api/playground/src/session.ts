import { create } from "zustand";

import { post, type Headers } from "./http";

/** Who is signed in. */
export interface Person {
  name: string;
  email: string;
  role: string;
}

/** Someone to sign in as for trying things out. */
export interface DemoUser extends Person {
  password: string;
}

interface Session {
  person: Person;
  accessToken: string;
  refreshToken: string;
  expiresAt: string;
}

interface State {
  session: Session | null;
  /** What the person at the door should know. */
  notice: string;
}

/** For this window and only as long as it is open. */
const KEY = "tributary:session";
/** How long before its end an access token is renewed, and how soon at the earliest, in milliseconds. */
const EARLY = 60_000;
const SOONEST = 30_000;

const TOKENS = "accessToken refreshToken expiresAt userErrors { message }";
const SIGN_IN = `mutation SignIn($input: SignInInput!) { session: signIn(input: $input) { ${TOKENS} } }`;
const RENEW = `mutation Renew($input: RefreshSessionInput!) { session: refreshSession(input: $input) { ${TOKENS} } }`;
const SIGN_OUT = "mutation SignOut { signOut(input: {}) { endedSessions } }";
const WHO = "query Who { viewer { role user { name } } }";

/** The demo users; none where the service holds no demo data. */
export const demoUsers: DemoUser[] = await load();

export const useSession = create<State>(() => ({ session: restored(), notice: "" }));

let timer: ReturnType<typeof setTimeout> | undefined;
let renewing: Promise<boolean> | undefined;
schedule(useSession.getState().session);

/** Begins a session, and ends the one before. What a person can mend is shown at the door. */
export async function signIn(email: string, password: string): Promise<void> {
  const before = useSession.getState().session;
  try {
    const { body } = await post({ query: SIGN_IN, variables: { input: { email, password } } }, {});
    const tokens = body.data?.session;
    if (!tokens?.accessToken) throw new Error(said(body.errors) ?? said(tokens?.userErrors) ?? "Nobody was signed in.");
    const who = await post({ query: WHO }, bearer(tokens.accessToken));
    const viewer = who.body.data?.viewer;
    if (!viewer) throw new Error(said(who.body.errors) ?? "Nobody was signed in.");
    keep({ ...tokens, person: { email, role: viewer.role, name: viewer.user?.name ?? nameOf(email) } });
    if (before) void end(before);
  } catch (error) {
    useSession.setState({ notice: (error as Error).message });
  }
}

/** Ends the session here and at the service. */
export async function signOut(): Promise<void> {
  const { session } = useSession.getState();
  keep(null);
  if (session) await end(session);
}

/** Exchanges the refresh token. Many may ask at once, one exchange is made. Says whether the session goes on. */
export function renew(): Promise<boolean> {
  renewing ??= exchange().finally(() => (renewing = undefined));
  return renewing;
}

/** The header that says who asks; one that is given already wins. */
export function authorised(headers: Headers): Headers {
  const given = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
  const { session } = useSession.getState();
  return given || !session ? headers : { ...headers, ...bearer(session.accessToken) };
}

async function exchange(): Promise<boolean> {
  const { session } = useSession.getState();
  if (!session) return false;
  const { body } = await post({ query: RENEW, variables: { input: { refreshToken: session.refreshToken } } }, {});
  const tokens = body.data?.session;
  if (tokens?.accessToken) {
    keep({ ...tokens, person: session.person });
    return true;
  }
  const demo = demoUsers.find((user) => user.email === session.person.email);
  keep(null, "Your session has ended. Sign in again to go on.");
  if (!demo) return false;
  await signIn(demo.email, demo.password);
  return useSession.getState().session !== null;
}

async function end(session: Session): Promise<void> {
  await post({ query: SIGN_OUT }, bearer(session.accessToken)).catch(() => undefined);
}

function keep(session: Session | null, notice = ""): void {
  if (session) sessionStorage.setItem(KEY, JSON.stringify(session));
  else sessionStorage.removeItem(KEY);
  useSession.setState({ session, notice });
  schedule(session);
}

/** Clocks differ and laptops sleep: what comes too late for this is mended when the service answers 401. */
function schedule(session: Session | null): void {
  clearTimeout(timer);
  if (!session) return;
  const wait = Math.max(new Date(session.expiresAt).getTime() - Date.now() - EARLY, SOONEST);
  timer = setTimeout(() => void renew().catch(() => schedule(session)), wait);
}

function restored(): Session | null {
  const kept = sessionStorage.getItem(KEY);
  return kept ? JSON.parse(kept) : null;
}

async function load(): Promise<DemoUser[]> {
  try {
    return await (await fetch(new URL("playground/demo-users.json", document.baseURI))).json();
  } catch {
    return [];
  }
}

function bearer(token: string): Headers {
  return { Authorization: `Bearer ${token}` };
}

function said(errors: { message: string }[] | undefined): string | undefined {
  return errors?.length ? errors.map((error) => error.message).join(" ") : undefined;
}

function nameOf(email: string): string {
  return demoUsers.find((user) => user.email === email)?.name ?? email;
}
