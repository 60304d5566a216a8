import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { useGraphiQL } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import { useEffect, useMemo, type ReactNode } from "react";

import { Bar } from "./Bar";
import type { Tab } from "./examples";
import { EXAMPLES_PLUGIN } from "./ExamplesPlugin";
import { fetcher } from "./fetcher";
import { OutcomeLine } from "./OutcomeLine";
import type { Person } from "./session";
import type { Shared } from "./share";
import { SharedTab } from "./SharedTab";
import { ShareButton } from "./ShareButton";
import { storageOf } from "./storage";

const PLUGINS = [EXAMPLES_PLUGIN, HISTORY_PLUGIN, explorerPlugin()];

interface Props {
  person: Person;
  /** What the tabs begin with, where this browser remembers none of the person's. */
  tabs: Tab[];
  shared: Shared | null;
}

/** GraphiQL as one person uses it. */
export function Desk({ person, tabs, shared }: Props) {
  const memory = useMemo(() => {
    const storage = storageOf(person.email);
    const [first] = tabs;
    const fresh = storage.getItem("graphiql:tabState") === null;
    // The editor of the variables looks at these only, not at the first of the tabs.
    const start = fresh && first ? { defaultTabs: tabs, initialQuery: first.query, initialVariables: first.variables } : {};
    return { storage, ...start };
  }, [person, tabs]);
  return (
    <GraphiQL
      {...memory}
      fetcher={fetcher}
      plugins={PLUGINS}
      visiblePlugin={EXAMPLES_PLUGIN}
      inputValueDeprecation
      schemaDescription
      shouldPersistHeaders={false}
      defaultEditorToolsVisibility="variables"
      defaultQuery=""
    >
      <GraphiQL.Logo>
        <span />
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>{Tools}</GraphiQL.Toolbar>
      <GraphiQL.Footer>
        <OutcomeLine />
      </GraphiQL.Footer>
      <Bar person={person} />
      <WrappedLines />
      {shared && <SharedTab shared={shared} />}
    </GraphiQL>
  );
}

/** The comments of the examples are to be read, not scrolled through. */
function WrappedLines() {
  const editor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => editor?.updateOptions({ wordWrap: "on" }), [editor]);
  return null;
}

function Tools({ prettify, copy, merge }: Record<"prettify" | "copy" | "merge", ReactNode>) {
  return (
    <>
      <ShareButton />
      {prettify}
      {copy}
      {merge}
    </>
  );
}
