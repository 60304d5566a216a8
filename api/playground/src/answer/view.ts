import { create } from "zustand";

import { measuresOf } from "./drawing";
import { tablesOf, type Fact, type Table } from "./tables";

export const VIEWS = ["JSON", "Table", "Chart"] as const;
export type View = (typeof VIEWS)[number];

const KEY = "tributary:view";

/** What the person has chosen to see; until then, what shows the answer best. */
export const useChosenView = create<{ view: View | null }>(() => ({ view: VIEWS.find((view) => view === localStorage.getItem(KEY)) ?? null }));

export function choose(view: View): void {
  localStorage.setItem(KEY, view);
  useChosenView.setState({ view });
}

/** An answer, read once. */
export interface Answer {
  tables: Table[];
  charts: Table[];
  facts: Fact[];
  errors: string[];
}

export function read(text: string): Answer {
  const { data, errors } = parsed(text);
  const { tables, facts } = tablesOf(data);
  const messages = Array.isArray(errors) ? errors.map((error) => String(error?.message)) : [];
  return { tables, facts, charts: tables.filter((table) => measuresOf(table).length > 0), errors: messages };
}

function parsed(text: string): { data?: unknown; errors?: any } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** Can the answer be seen that way? */
export function isPossible(view: View, { tables, charts, facts }: Answer): boolean {
  if (view === "Table") return tables.length + facts.length > 0;
  return view === "JSON" || charts.length > 0;
}

/** The way that was chosen, where it is possible; figures are best seen as a chart, rows as a table. */
export function viewOf(chosen: View | null, answer: Answer): View {
  if (chosen && isPossible(chosen, answer)) return chosen;
  if (answer.charts.some(({ isFigures }) => isFigures)) return "Chart";
  return answer.tables.length > 0 ? "Table" : "JSON";
}
