import { useEffect, useState } from "react";

import { Desk } from "./Desk";
import { examplesOf, tabOf, type Tab } from "./examples";
import { demoUsers, signIn, useSession, type Person } from "./session";
import { sharedHere, type Shared } from "./share";
import { Welcome } from "./Welcome";

/** At the door until somebody is signed in, then at the desk. */
export function App() {
  const person = useSession((state) => state.session?.person);
  const shared = useShared();
  useEffect(() => {
    if (shared) void becomeRole(shared.role);
  }, [shared]);
  if (shared === undefined) return null;
  return person ? <Prepared key={person.email} person={person} shared={shared} /> : <Welcome />;
}

/** What the address shares; undefined until it is unpacked. */
function useShared(): Shared | null | undefined {
  const [shared, setShared] = useState<Shared | null>();
  useEffect(() => void sharedHere().then(setShared), []);
  return shared;
}

/** A shared operation is shown as the role it was written for, where one can choose. */
async function becomeRole(role: string): Promise<void> {
  const user = demoUsers.find((user) => user.role === role);
  if (user && useSession.getState().session?.person.role !== role) await signIn(user.email, user.password);
}

/** The desk, as soon as the variables of its examples are found. */
function Prepared({ person, shared }: { person: Person; shared: Shared | null }) {
  const [tabs, setTabs] = useState<Tab[]>();
  useEffect(() => void Promise.all(examplesOf(person.role).map(tabOf)).then(setTabs), [person]);
  return tabs ? <Desk person={person} tabs={tabs} shared={shared} /> : <p className="tributary-wait">Opening the desk…</p>;
}
