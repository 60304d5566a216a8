import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";

import type { Tab } from "./examples";

/** Opens a tab with content, or goes to the one that has it already; nothing until the editors are there. */
export function useOpenTab(): ((tab: Tab) => void) | undefined {
  const { addTab, changeTab } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL(pick("tabs", "queryEditor", "variableEditor"));
  if (!queryEditor || !variableEditor) return undefined;
  return ({ query, variables }) => {
    const known = tabs.findIndex((tab) => tab.query === query && (tab.variables ?? "") === variables);
    if (known >= 0) return changeTab(known);
    addTab();
    queryEditor.setValue(query);
    variableEditor.setValue(variables);
  };
}
