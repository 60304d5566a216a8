import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useState } from "react";

import { Brand } from "./Brand";
import { inOrder, roleTitle } from "./roles";
import { demoUsers, signIn, signOut, useSession, type Person } from "./session";

/** Who is at the desk, and who could be. */
export function Bar({ person }: { person: Person }) {
  const notice = useSession((state) => state.notice);
  return (
    <header className="tributary-bar">
      <Brand />
      {notice && (
        <p className="tributary-notice" role="alert">
          {notice}
        </p>
      )}
      <ThemeButton />
      {isDemo(person) ? <RoleSwitcher person={person} /> : <Name person={person} />}
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </header>
  );
}

function isDemo(person: Person): boolean {
  return demoUsers.some((user) => user.email === person.email);
}

function Name({ person }: { person: Person }) {
  return (
    <span>
      {person.name} · {roleTitle(person.role)}
    </span>
  );
}

function RoleSwitcher({ person }: { person: Person }) {
  const [busy, setBusy] = useState(false);
  const become = async (email: string) => {
    const user = demoUsers.find((user) => user.email === email);
    if (!user) return;
    setBusy(true);
    await signIn(user.email, user.password);
    setBusy(false);
  };
  return (
    <label>
      You are
      <select value={person.email} disabled={busy} onChange={(event) => void become(event.target.value)}>
        {inOrder(demoUsers).map((user) => (
          <option key={user.email} value={user.email}>
            {roleTitle(user.role)}: {user.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function ThemeButton() {
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  const system = useSystemTheme();
  // GraphiQL asks the system once; the editors are to follow it.
  useEffect(() => {
    if (!theme) setTheme(null);
  }, [system, theme, setTheme]);
  const next = (theme ?? system) === "dark" ? "light" : "dark";
  return (
    <button type="button" title={`Show it ${next}`} aria-label={`Show it ${next}`} onClick={() => setTheme(next)}>
      {next === "dark" ? "☾" : "☀"}
    </button>
  );
}

function useSystemTheme(): "dark" | "light" {
  const [dark, setDark] = useState(() => DARK.matches);
  useEffect(() => {
    const follow = () => setDark(DARK.matches);
    DARK.addEventListener("change", follow);
    return () => DARK.removeEventListener("change", follow);
  }, []);
  return dark ? "dark" : "light";
}

const DARK = matchMedia("(prefers-color-scheme: dark)");
