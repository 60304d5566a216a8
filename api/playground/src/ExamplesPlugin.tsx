import type { GraphiQLPlugin } from "@graphiql/react";

import { examplesOf, tabOf } from "./examples";
import { useOpenTab } from "./openTab";
import { duty, roleTitle } from "./roles";
import { useSession } from "./session";

/** The story of the role, step by step; each step opens with variables that fit what is there now. */
function Examples() {
  const role = useSession((state) => state.session?.person.role) ?? "";
  const open = useOpenTab();
  return (
    <section className="tributary-examples" aria-label="Examples">
      <h2>{roleTitle(role)}</h2>
      <p>{duty(role)}</p>
      <ol>
        {examplesOf(role).map((example) => (
          <li key={example.name}>
            <button type="button" disabled={!open} onClick={() => void tabOf(example).then(open)}>
              {example.title}
            </button>
          </li>
        ))}
      </ol>
      <p>
        A step opens in a tab. Opened again, a step that changes something takes the next row that is waiting for it.
        Other roles tell other parts of the story: switch at the top right.
      </p>
    </section>
  );
}

function Icon() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
      <path d="M3 4.5h2M3 10h2M3 15.5h2M8 4.5h9M8 10h9M8 15.5h9" />
    </svg>
  );
}

export const EXAMPLES_PLUGIN: GraphiQLPlugin = { title: "Examples", icon: Icon, content: Examples };
