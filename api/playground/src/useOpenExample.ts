import { useGraphiQLActions } from "@graphiql/react";

import { tabOf, type Example } from "./examples";
import { isNarrow } from "./narrow";
import { useOpenTab } from "./openTab";
import { demoUsers, useSession } from "./session";
import { say } from "./toast";

/** Opens an example and runs it. What changes data of a real company is only opened: to run it is for the person to decide. */
export function useOpenExample(): ((example: Example) => Promise<void>) | undefined {
  const open = useOpenTab();
  const { run, setVisiblePlugin } = useGraphiQLActions();
  const email = useSession((state) => state.session?.person.email);
  if (!open) return undefined;
  const isDemo = demoUsers.some((user) => user.email === email);
  return async (example) => {
    const tab = await tabOf(example);
    open(tab);
    if (isNarrow()) setVisiblePlugin(null);
    if (example.find && !tab.variables.startsWith("{")) return say("Nothing is waiting for this step now.");
    if (example.isMutation && !isDemo) return say("This step changes data: press the button to run it.");
    run();
  };
}
