import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";

import type { Tab } from "./examples";

/**
 * Shows an operation: in the tab that has it already, else in an empty one or one of its own. Its variables are those of now. Nothing until
 * the editors are there.
 */
export function useOpenTab(): ((tab: Tab) => void) | undefined {
  const { addTab, changeTab, stop } = useGraphiQLActions();
  const { tabs, activeTabIndex, queryEditor, variableEditor } = useGraphiQL(
    pick("tabs", "activeTabIndex", "queryEditor", "variableEditor"),
  );
  if (!queryEditor || !variableEditor) return undefined;
  return ({ query, variables }) => {
    stop();
    const known = tabs.findIndex((tab) => tab.query?.trim() === query.trim());
    if (known >= 0 && known !== activeTabIndex) changeTab(known);
    if (known < 0 && queryEditor.getValue().trim() !== "") addTab();
    if (queryEditor.getValue() !== query) queryEditor.setValue(query);
    if (variableEditor.getValue() !== variables) variableEditor.setValue(variables);
  };
}
