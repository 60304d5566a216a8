import { useGraphiQL, type GraphiQLPlugin } from "@graphiql/react";

import { examplesOf } from "./examples";
import { duty, roleTitle } from "./roles";
import { useSession } from "./session";
import { useOpenExample } from "./useOpenExample";

/** The story of the role, step by step; each step opens with variables that fit what is there now, and runs. */
function Examples() {
  const role = useSession((state) => state.session?.person.role) ?? "";
  const open = useOpenExample();
  const current = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.query);
  return (
    <section className="tributary-examples" aria-label="Examples">
      <h2>{roleTitle(role)}</h2>
      <p>{duty(role)}</p>
      <ol>
        {examplesOf(role).map((example) => (
          <li key={example.name}>
            <button
              type="button"
              disabled={!open}
              aria-current={current === example.document ? "step" : undefined}
              onClick={() => void open?.(example)}
            >
              <span>{example.title}</span>
              {example.isMutation && <Pencil />}
            </button>
          </li>
        ))}
      </ol>
      <p>
        A step opens in a tab and runs. One with a pencil changes data; opened again, it takes the next row that is waiting
        for it. Other roles tell other parts of the story: switch at the top.
      </p>
    </section>
  );
}

function Pencil() {
  return (
    <svg viewBox="0 0 20 20" role="img" aria-label="changes data">
      <path d="M4 16l1-4 8.5-8.5 3 3L8 15z" />
    </svg>
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
