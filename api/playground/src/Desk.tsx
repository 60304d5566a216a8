import { DocExplorerStore } from "@graphiql/plugin-doc-explorer";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { useGraphiQL } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import { useEffect, useMemo, type ReactNode } from "react";

import { AnswerViews } from "./answer/AnswerViews";
import { Bar } from "./Bar";
import { DOCS_PLUGIN } from "./Docs";
import { EXAMPLES_PLUGIN } from "./ExamplesPlugin";
import { fetcher } from "./fetcher";
import { FirstStep } from "./FirstStep";
import { isNarrow } from "./narrow";
import { OutcomeLine } from "./OutcomeLine";
import type { Person } from "./session";
import type { Shared } from "./share";
import { SharedTab } from "./SharedTab";
import { ShareButton } from "./ShareButton";
import { storageOf } from "./storage";
import { Toast } from "./Toast";
import { VariablesPane } from "./VariablesPane";

const PLUGINS = [EXAMPLES_PLUGIN, HISTORY_PLUGIN, explorerPlugin()];

/** GraphiQL as one person uses it. */
export function Desk({ person, shared }: { person: Person; shared: Shared | null }) {
  const { storage, isFresh } = useMemo(() => {
    const storage = storageOf(person.email);
    return { storage, isFresh: storage.getItem("graphiql:tabState") === null };
  }, [person]);
  return (
    <GraphiQL
      storage={storage}
      fetcher={fetcher}
      plugins={PLUGINS}
      referencePlugin={DOCS_PLUGIN}
      visiblePlugin={isNarrow() ? undefined : EXAMPLES_PLUGIN}
      inputValueDeprecation
      schemaDescription
      shouldPersistHeaders={false}
      defaultEditorToolsVisibility={false}
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
      <VariablesPane />
      <AnswerViews />
      <Toast />
      <DocExplorerStore>{null}</DocExplorerStore>
      {shared && <SharedTab shared={shared} />}
      {isFresh && !shared && <FirstStep person={person} />}
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
