import { useEffect, useState } from "react";

import { Desk } from "./Desk";
import { demoUsers, signIn, useSession } from "./session";
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
  return person ? <Desk key={person.email} person={person} shared={shared} /> : <Welcome />;
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
