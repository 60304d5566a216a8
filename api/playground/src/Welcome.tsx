import { useState, type FormEvent } from "react";

import { Brand } from "./Brand";
import { duty, inOrder, roleTitle } from "./roles";
import { demoUsers, signIn, useSession } from "./session";

/** The door: whom to be, or who one is. */
export function Welcome() {
  const notice = useSession((state) => state.notice);
  const [busy, setBusy] = useState(false);
  const enter = async (email: string, password: string) => {
    setBusy(true);
    await signIn(email, password);
    setBusy(false);
  };
  return (
    <main className="tributary-welcome" aria-busy={busy}>
      <header>
        <Brand />
        <p>One graph from the first touch of a campaign to closed revenue, for sales and marketing together.</p>
      </header>
      {notice && (
        <p className="tributary-notice" role="alert">
          {notice}
        </p>
      )}
      {demoUsers.length > 0 && (
        <section>
          <h2>Who do you want to be?</h2>
          <p>A made-up company, two years old today. Everyone sees their own part of it, and every desk has its examples.</p>
          <ul>
            {inOrder(demoUsers).map((user) => (
              <li key={user.email}>
                <button type="button" disabled={busy} onClick={() => void enter(user.email, user.password)}>
                  <strong>{roleTitle(user.role)}</strong>
                  <em>{user.name}</em>
                  <span>{duty(user.role)}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h2>{demoUsers.length > 0 ? "Or as yourself" : "Sign in"}</h2>
        <SignIn busy={busy} enter={enter} />
      </section>
    </main>
  );
}

function SignIn({ busy, enter }: { busy: boolean; enter(email: string, password: string): Promise<void> }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    void enter(String(form.get("email")), String(form.get("password")));
  };
  return (
    <form onSubmit={submit}>
      <label>
        E-mail
        <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit" disabled={busy}>
        Sign in
      </button>
    </form>
  );
}
