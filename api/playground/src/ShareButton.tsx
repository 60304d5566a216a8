import { ToolbarButton, pick, useGraphiQL } from "@graphiql/react";

import { useSession } from "./session";
import { linkTo } from "./share";
import { copy } from "./toast";

/** Puts a link to the operation and its variables into the address bar and the clipboard. */
export function ShareButton() {
  const { queryEditor, variableEditor } = useGraphiQL(pick("queryEditor", "variableEditor"));
  const role = useSession((state) => state.session?.person.role) ?? "";
  const share = async () => {
    const link = await linkTo({ query: queryEditor?.getValue() ?? "", variables: variableEditor?.getValue() ?? "", role });
    history.replaceState(null, "", link);
    await copy(link, "The link");
  };
  return (
    <ToolbarButton label="Share a link (no token, no headers)" onClick={() => void share()}>
      <svg className="graphiql-toolbar-icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
        <path d="M8.5 11.5a3.5 3.5 0 0 0 5 0l3-3a3.5 3.5 0 0 0-5-5l-1 1M11.5 8.5a3.5 3.5 0 0 0-5 0l-3 3a3.5 3.5 0 0 0 5 5l1-1" />
      </svg>
    </ToolbarButton>
  );
}
