import type { Cell, Table } from "./tables";

/** The table as CSV (RFC 4180), with the values as they came: amount and currency are two columns. */
export function csvOf({ columns, rows }: Table): string {
  const head = columns.flatMap(({ path, kind }) => (kind === "money" ? [`${path}.amount`, `${path}.currency`] : [path]));
  const lines = rows.map((row) => row.flatMap((cell, index) => fieldsOf(cell, columns[index]!.kind === "money")));
  return [head, ...lines].map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}

function fieldsOf({ value, currency, list }: Cell, isMoney: boolean): string[] {
  if (list) return [list.join("\n")];
  const text = value === null ? "" : String(value);
  return isMoney ? [text, currency ?? ""] : [text];
}

/** A spreadsheet would run what begins like a formula: an apostrophe makes it text. A number is no formula. */
function quoted(text: string): string {
  const harmless = /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
