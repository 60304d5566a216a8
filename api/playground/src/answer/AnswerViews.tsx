import { useGraphiQL } from "@graphiql/react";
import { useEffect, useMemo, useState } from "react";
import { createPortal } from "react-dom";

import { SnippetButtons } from "../SnippetButtons";
import { ChartView } from "./ChartView";
import { TableView } from "./TableView";
import { choose, isPossible, read, useChosenView, viewOf, VIEWS } from "./view";

/** The answer as JSON, which is GraphiQL's, as tables and as charts, which are ours. */
export function AnswerViews() {
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  const chosen = useChosenView((state) => state.view);
  const answer = useMemo(() => read(tab?.response ?? ""), [tab?.response]);
  const view = viewOf(chosen, answer);
  const place = usePlace(view === "JSON");
  if (!place) return null;
  return createPortal(
    <>
      <div className="tributary-views" role="toolbar" aria-label="Answer">
        <div role="group" aria-label="Show the answer as">
          {VIEWS.map((each) => (
            <button key={each} type="button" aria-pressed={each === view} disabled={!isPossible(each, answer)} onClick={() => choose(each)}>
              {each}
            </button>
          ))}
        </div>
        <div role="group" aria-label="Copy the operation as">
          <span>Copy as</span>
          <SnippetButtons />
        </div>
      </div>
      {view !== "JSON" && (
        <div className="tributary-view" role="region" aria-label={view} tabIndex={-1}>
          {answer.errors.length > 0 && (
            <ul className="tributary-notice" role="alert">
              {answer.errors.map((message, index) => (
                <li key={index}>{message}</li>
              ))}
            </ul>
          )}
          {view === "Table" ? (
            <TableView key={tab?.id} tables={answer.tables} facts={answer.facts} name={tab?.operationName ?? ""} />
          ) : (
            <ChartView key={tab?.id} tables={answer.charts} />
          )}
        </div>
      )}
    </>,
    place,
  );
}

/** GraphiQL has no place above its answer: we make one. */
function usePlace(isSmall: boolean): HTMLElement | undefined {
  const [place, setPlace] = useState<HTMLElement>();
  useEffect(() => {
    const made = document.createElement("div");
    document.querySelector(".graphiql-response")?.prepend(made);
    setPlace(made);
    return () => made.remove();
  }, []);
  useEffect(() => {
    if (place) place.className = isSmall ? "tributary-answer" : "tributary-answer tributary-answer-whole";
  }, [place, isSmall]);
  return place;
}
