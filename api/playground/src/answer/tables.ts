/** What one place in a table holds. */
export interface Cell {
  value: null | boolean | number | string;
  /** Of an amount of money. */
  currency?: string;
  /** Short texts of the rows of a list inside of the row. */
  list?: string[];
}

export type Kind = "text" | "number" | "money" | "time" | "id" | "list";

export interface Column {
  /** Where the values stand in a row, as in GraphQL: `contact.displayName`. */
  path: string;
  title: string;
  kind: Kind;
}

/** A list of an answer, row by row; a cell for every column. */
export interface Table {
  path: string;
  title: string;
  columns: Column[];
  rows: Cell[][];
  /** Figures, one line for each group of rows, rather than the rows themselves. */
  isFigures: boolean;
}

/** A value outside of all lists. */
export interface Fact {
  column: Column;
  cell: Cell;
}

type Fields = Record<string, unknown>;
interface List {
  path: string[];
  rows: Fields[];
}

/** The lists of an answer, wherever they stand, and what stands beside them. */
export function tablesOf(data: unknown): { tables: Table[]; facts: Fact[] } {
  if (!isFields(data)) return { tables: [], facts: [] };
  const lists = listsIn(data, []);
  if (lists.length === 0 && isLikeFigures(data)) return { tables: [figuresOf(data)], facts: [] };
  const { columns, rows } = tabulated([without(data) as Fields]);
  const facts = columns.map((column, index) => ({ column, cell: rows[0]![index]! }));
  return { tables: lists.map(tableOf), facts: facts.filter(({ cell }) => cell.value !== null || cell.list) };
}

/** Lists of rows that lie in no other list. */
function listsIn(fields: Fields, path: string[]): List[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const here = [...path, name];
    if (isFields(value)) return listsIn(value, here);
    return isRows(name, value) ? [{ path: here, rows: rowsOf(value) }] : [];
  });
}

/** The answer without these lists. */
function without(value: unknown): unknown {
  if (!isFields(value)) return value;
  const kept = Object.entries(value).filter(([name, child]) => !isRows(name, child) && name !== "pageInfo" && !isNothing(child));
  return Object.fromEntries(kept.map(([name, child]) => [name, without(child)]));
}

function isRows(name: string, value: unknown): value is Fields[] {
  return name !== "userErrors" && Array.isArray(value) && value.length > 0 && value.every(isFields) && !value.every(isMoney);
}

function isNothing(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** The rows of a list; those of edges are their nodes. */
function rowsOf(list: Fields[]): Fields[] {
  return list.map((row) => (isFields(row.node) && "cursor" in row ? row.node : row)).filter(isFields);
}

function tableOf({ path, rows }: List): Table {
  const last = path.at(-1)!;
  const shown = ["nodes", "edges"].includes(last) ? path.slice(0, -1) : path;
  const isFigures = /^(groupBy|by[A-Z])/.test(last) || rows.every((row) => isFields(row.key));
  const { columns, rows: cells } = tabulated(rows);
  const title = (last === "groupBy" ? path.slice(0, -1) : shown).map(words).join(" › ");
  const keys = columns.filter(({ path }) => path.startsWith("key.")).map(({ title }) => title.toLowerCase());
  const grouped = last === "groupBy" && keys.length > 0 ? `${title} by ${keys.join(", ")}` : title;
  return { path: path.join("."), title: grouped, isFigures, columns, rows: cells };
}

/** Do the fields of an answer all tell the same figures, as the steps of a funnel do? */
function isLikeFigures(data: Fields): boolean {
  const shapes = Object.values(data).map((value) => (isFields(value) ? [...leaves(value).keys()].join() : ""));
  return shapes.length > 1 && shapes[0] !== "" && shapes.every((shape) => shape === shapes[0]);
}

function figuresOf(data: Fields): Table {
  const rows = Object.entries(data).map(([name, value]) => ({ figure: words(name), ...(value as Fields) }));
  return { path: "figures", title: "Figures", isFigures: true, ...tabulated(rows) };
}

function tabulated(rows: Fields[]): { columns: Column[]; rows: Cell[][] } {
  const found = rows.map((row) => leaves(row));
  const all = [...new Set(found.flatMap((row) => [...row.keys()]))];
  // Where an object is empty in one row, its fields are empty: that is no column of its own.
  const paths = all.filter((path) => !all.some((other) => other.startsWith(`${path}.`)));
  const columns = paths.map((path) => ({
    path,
    title: titleOf(path, paths),
    kind: kindOf(found.map((row) => row.get(path)).filter((cell) => cell !== undefined)),
  }));
  return { columns, rows: found.map((row) => paths.map((path) => row.get(path) ?? { value: null })) };
}

/** The cells of a row by their path. */
function leaves(fields: Fields, before = "", into = new Map<string, Cell>()): Map<string, Cell> {
  for (const [name, value] of Object.entries(fields)) {
    const path = before ? `${before}.${name}` : name;
    if (name === "__typename" || name === "pageInfo") continue;
    if (isMoney(value)) into.set(path, moneyOf(value));
    else if (isFields(value)) leaves(value, path, into);
    else if (!Array.isArray(value)) into.set(path, { value: value as Cell["value"] });
    else if (value.length > 0 && value.every(isMoney)) {
      for (const money of value) into.set(`${path} ${money.currency ?? ""}`.trim(), moneyOf(money));
    } else {
      const inner = ["nodes", "edges"].includes(name) && before ? before : path;
      into.set(inner, { value: value.length, list: value.map(inShort) });
    }
  }
  return into;
}

/** A row of an inner list in a few words. */
function inShort(value: unknown): string {
  if (!isFields(value)) return String(value);
  const [row] = rowsOf([value]);
  const cells = [...leaves(row ?? {}).values()].filter(({ value, list }) => value !== null && value !== "" && !list);
  return cells.map(({ value, currency }) => (currency ? `${value} ${currency}` : String(value))).join(" · ");
}

function kindOf(cells: Cell[]): Kind {
  const filled = cells.filter(({ value, list }) => value !== null || list);
  const all = (holds: (cell: Cell) => boolean) => filled.length > 0 && filled.every(holds);
  const like = (pattern: RegExp) => all(({ value }) => typeof value === "string" && pattern.test(value));
  if (filled.some(({ list }) => list)) return "list";
  if (all(({ currency }) => currency !== undefined)) return "money";
  if (all(({ value }) => typeof value === "number") || like(/^-?\d+\.\d+$/)) return "number";
  if (like(/^[a-z_]+_[0-9a-f]{32}$/)) return "id";
  return like(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/) ? "time" : "text";
}

/** The name of a thing stands for it, where nothing else of it is shown. */
const SILENT = ["name", "displayName", "totalCount", "amount"];

function titleOf(path: string, paths: string[]): string {
  const steps = path.split(".");
  const [last, above] = [steps.at(-1)!, steps.slice(0, -1).join(".")];
  const alone = above !== "" && paths.filter((other) => other.startsWith(`${above}.`)).length === 1;
  const shown = alone && SILENT.includes(last) ? steps.slice(0, -1) : steps;
  const [first, ...rest] = shown;
  return (first === "key" && rest.length > 0 ? rest : shown).map(words).join(" · ");
}

/** `expectedCloseOn` as people write it. */
export function words(name: string): string {
  const text = name.replaceAll(/([a-z\d])([A-Z])/g, (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Money {
  amount: string | null;
  currency?: string;
}

function isMoney(value: unknown): value is Money {
  if (!isFields(value) || !("amount" in value)) return false;
  const { amount, currency } = value;
  const known = Object.keys(value).every((name) => ["amount", "currency", "__typename"].includes(name));
  return known && (amount === null || typeof amount === "string") && (currency === undefined || typeof currency === "string");
}

function moneyOf({ amount, currency }: Money): Cell {
  return currency === undefined ? { value: amount } : { value: amount, currency };
}
