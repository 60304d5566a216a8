import { useGraphiQL } from "@graphiql/react";
import { useEffect } from "react";

/** Variables and headers are shown where there are any. GraphiQL keeps that to itself, so its own button is pressed. */
export function VariablesPane() {
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  const isFilled = Boolean(tab?.variables?.trim() || tab?.headers?.trim());
  useEffect(() => show(isFilled), [tab?.id]);
  // Who deletes the last letter goes on writing.
  useEffect(() => {
    if (isFilled) show(true);
  }, [isFilled]);
  return null;
}

function show(wanted: boolean): void {
  const button = document.querySelector<HTMLButtonElement>(".graphiql-toggle-editor-tools");
  const isShown = button?.getAttribute("aria-label") === "Hide editor tools";
  if (isShown !== wanted) button?.click();
}
