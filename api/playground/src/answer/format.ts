import type { Cell, Kind } from "./tables";

const locale = navigator.language;
const times = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

/** A cell as people read it. */
export function shown({ value, currency }: Cell, kind: Kind): string {
  if (value === null) return "";
  if (currency) return money(String(value), currency);
  if (kind === "number") return number(value);
  if (kind === "time") return times.format(new Date(String(value)));
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

/** A number; one that comes as a text keeps its digits. */
function number(value: Cell["value"]): string {
  const digits = typeof value === "string" ? (value.split(".")[1] ?? "").length : 0;
  const format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: Math.max(digits, 6) });
  return format.format(value as number);
}

/** An amount with its currency. */
export function money(amount: string | number, currency: string): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  return format.format(amount as number);
}

/** An amount on an axis, where space is short. */
export function short(value: number, currency?: string): string {
  const style = currency ? ({ style: "currency", currency } as const) : {};
  return new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1, ...style }).format(value);
}

/** In which order two cells of a column stand; what is empty comes last. */
export function compare(one: Cell, other: Cell, kind: Kind): number {
  if (one.value === null || other.value === null) return Number(one.value === null) - Number(other.value === null);
  if (kind === "money") return (one.currency ?? "").localeCompare(other.currency ?? "") || Number(one.value) - Number(other.value);
  if (kind === "number" || kind === "list") return Number(one.value) - Number(other.value);
  return String(one.value).localeCompare(String(other.value), locale, { numeric: true });
}
