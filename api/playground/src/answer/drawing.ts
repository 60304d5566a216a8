import { money, shown } from "./format";
import type { Cell, Column, Table } from "./tables";

/** What a chart shows of a table: one measure, along one line of labels. */
export interface Drawing {
  labels: string[];
  series: { name: string; values: (number | null)[]; currency?: string }[];
  /** Along the time, rather than beside each other. */
  isLine: boolean;
  isStacked: boolean;
  /** How many labels were left out, because nobody could read so many. */
  left: number;
}

const MOST = 40;
const MOST_SERIES = 12;
/** Numbers that count nothing. */
const NO_MEASURE = /(^|\.)(version|seq|position|expectedVersion)$/;
const NAMES = /(^|\.)(name|displayName|figure|code|subject)$/;
const EMPTY = "(none)";
/** Figures that are parts of one whole: only these may stand on each other. */
const PARTS = /^(.+\.)?(count|totalCount|sum)(\.|$)/;
const FIRST_OF_MONTH = /^\d{4}-\d\d-01$/;

/** The columns that can be drawn; money first. */
export function measuresOf({ columns, rows }: Table): Column[] {
  if (rows.length < 2) return [];
  const names = columns.filter(({ path }) => NAMES.test(path) && path.includes(".")).map(({ path }) => path.slice(0, path.lastIndexOf(".")));
  const measures = columns.filter(({ kind, path }) => ["number", "money"].includes(kind) && !NO_MEASURE.test(path) && !path.startsWith("key."));
  // Money first; what belongs to the thing that a line is named after says nothing of the line itself.
  const weight = ({ kind, path }: Column) => Number(kind === "money") - 2 * Number(names.some((name) => path.startsWith(`${name}.`)));
  return measures.sort((one, other) => weight(other) - weight(one));
}

export function drawingOf(table: Table, measure: Column): Drawing {
  const [along, across] = labelsOf(table);
  const at = table.columns.indexOf(measure);
  const labels = table.rows.map((row, index) => labelOf(table, row, along, index));
  // Groups by two keys share labels; rows that happen to be called alike do not.
  const places = across ? [...new Set(labels)] : labels;
  const series = new Map<string, Drawing["series"][number]>();
  table.rows.forEach((row, index) => {
    const { value, currency } = row[at]!;
    if (value === null) return;
    const name = [across && labelOf(table, row, [across], index), currency].filter(Boolean).join(" ") || measure.title;
    const found = series.get(name) ?? { name, values: places.map(() => null), ...(currency && { currency }) };
    found.values[across ? places.indexOf(labels[index]!) : index] = Number(value);
    series.set(name, found);
  });
  const kept = places.slice(0, MOST).map(places.every((place) => FIRST_OF_MONTH.test(place)) ? monthOf : String);
  const drawn = [...series.values()].slice(0, MOST_SERIES);
  return {
    labels: kept,
    series: drawn.map((one) => ({ ...one, name: series.size === 1 ? measure.title : one.name, values: one.values.slice(0, MOST) })),
    isLine: table.isFigures && !across && isAlongTime(table, along),
    isStacked: Boolean(across) && PARTS.test(measure.path) && new Set(drawn.map(({ currency }) => currency)).size === 1,
    left: places.length - kept.length,
  };
}

function monthOf(day: string): string {
  return new Date(day).toLocaleDateString(navigator.language, { month: "short", year: "numeric", timeZone: "UTC" });
}

function isAlongTime({ columns, rows }: Table, along: Column[]): boolean {
  const [only, more] = along;
  if (!only || more) return false;
  const at = columns.indexOf(only);
  return rows.every((row) => /^\d{4}-\d\d-\d\d/.test(String(row[at]!.value)));
}

/** By what the rows are told apart: the keys of groups, else what a row is called. The second key makes the series. */
function labelsOf({ columns, rows, isFigures }: Table): [Column[], Column | undefined] {
  const words = columns.filter(({ kind }) => kind === "text" || kind === "time");
  const keys = columns.filter(({ path, kind }) => path.startsWith("key.") && kind !== "list");
  const [first, second] = keys.filter(({ path }) => !/\.(probability|forecastCategory)$/.test(path));
  if (first) {
    if (!second || sameThing(first, second)) return [[first], undefined];
    const few = new Set(rows.map((row) => row[columns.indexOf(second)]!.value)).size <= MOST_SERIES;
    return few ? [[first], second] : [[first, second], undefined];
  }
  const name = words.find(({ path }) => NAMES.test(path)) ?? words[0];
  return [name && (isFigures || words.length > 0) ? [name] : [], undefined];
}

/** Are two columns fields of one and the same row? */
function sameThing(one: Column, other: Column): boolean {
  const thing = ({ path }: Column) => path.split(".")[1];
  return thing(one) === thing(other);
}

function labelOf({ columns }: Table, row: Cell[], along: Column[], index: number): string {
  if (along.length === 0) return String(index + 1);
  return along.map((column) => shown(row[columns.indexOf(column)]!, column.kind) || EMPTY).join(" · ");
}

/** The drawing in words, for who does not see it. */
export function told({ labels, series, isLine, isStacked }: Drawing): string {
  const form = isLine ? "Lines" : isStacked ? "Stacked bars" : "Bars";
  const lines = series.map(({ name, values, currency }) => {
    const figures = values.map((value, index) => `${labels[index]} ${value === null ? "none" : currency ? money(value, currency) : value}`);
    return `${name}: ${figures.join(", ")}`;
  });
  return [form, ...lines].join(". ");
}
