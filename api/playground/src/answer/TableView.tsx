import { useId, useState } from "react";

import { copy } from "../toast";
import { csvOf } from "./csv";
import { compare, shown } from "./format";
import type { Cell, Column, Fact, Kind, Table } from "./tables";

/** Every list of the answer as a table, and what stands beside the lists. */
export function TableView({ tables, facts, name }: { tables: Table[]; facts: Fact[]; name: string }) {
  return (
    <>
      {facts.length > 0 && (
        <dl className="tributary-facts">
          {facts.map(({ column, cell }) => (
            <div key={column.path}>
              <dt title={column.path}>{column.title}</dt>
              <dd>
                <Shown cell={cell} kind={column.kind} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {tables.map((table) => (
        <OneTable key={table.path} table={table} name={name} />
      ))}
    </>
  );
}

interface Order {
  path: string;
  descending: boolean;
}

/** More rows than that only slow the page down; the file has them all. */
const MOST = 500;

function OneTable({ table, name }: { table: Table; name: string }) {
  const [order, setOrder] = useState<Order | null>(null);
  const heading = useId();
  const rows = sorted(table, order);
  return (
    <section className="tributary-list" aria-labelledby={heading}>
      <header>
        <h3 id={heading}>{table.title}</h3>
        <span>{rows.length === 1 ? "1 row" : `${rows.length} rows`}</span>
        <button type="button" title="The table as a file, with values as they came" onClick={() => download({ ...table, rows }, name)}>
          CSV
        </button>
      </header>
      <div className="tributary-scroll" tabIndex={0} role="group" aria-labelledby={heading}>
        <table>
          <thead>
            <tr>
              {table.columns.map((column) => (
                <Head key={column.path} column={column} order={order} setOrder={setOrder} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map((row, index) => (
              <tr key={index}>
                {row.map((cell, at) => (
                  <td key={at} className={table.columns[at]!.kind}>
                    <Shown cell={cell} kind={table.columns[at]!.kind} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > MOST && <p className="tributary-left">The first {MOST} rows; the file has all {rows.length}.</p>}
    </section>
  );
}

/** Sorts rising, then falling, then as it came. */
function Head({ column: { path, title, kind }, order, setOrder }: { column: Column; order: Order | null; setOrder(order: Order | null): void }) {
  const mine = order?.path === path ? order : null;
  const next = mine ? (mine.descending ? null : { path, descending: true }) : { path, descending: false };
  return (
    <th scope="col" className={kind} aria-sort={mine ? (mine.descending ? "descending" : "ascending") : "none"} title={path}>
      <button type="button" onClick={() => setOrder(next)}>
        {title}
        <i aria-hidden="true">{mine ? (mine.descending ? "▼" : "▲") : ""}</i>
      </button>
    </th>
  );
}

function sorted({ columns, rows }: Table, order: Order | null): Cell[][] {
  const at = columns.findIndex(({ path }) => path === order?.path);
  const column = columns[at];
  if (!order || !column) return rows;
  const turn = order.descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [first, second] = [one[at]!, other[at]!];
    const turned = first.value === null || second.value === null ? 1 : turn;
    return turned * compare(first, second, column.kind);
  });
}

const MOST_LINES = 4;

function Shown({ cell, kind }: { cell: Cell; kind: Kind }) {
  const { value, list } = cell;
  if (list) {
    return (
      <ul>
        {list.slice(0, MOST_LINES).map((line, index) => (
          <li key={index}>{line}</li>
        ))}
        {list.length > MOST_LINES && <li>and {list.length - MOST_LINES} more</li>}
      </ul>
    );
  }
  if (value === null) return <span title="null">–</span>;
  if (kind === "id") return <Id id={String(value)} />;
  return <span title={kind === "time" ? String(value) : undefined}>{shown(cell, kind)}</span>;
}

function Id({ id }: { id: string }) {
  return (
    <button type="button" className="tributary-id" title={`Copy ${id}`} aria-label={`Copy ${id}`} onClick={() => void copy(id, id)}>
      {id.slice(0, id.indexOf("_") + 1)}…{id.slice(-6)}
    </button>
  );
}

/** Spreadsheets take a file for UTF-8 only if it begins with a mark. */
function download(table: Table, name: string): void {
  const url = URL.createObjectURL(new Blob(["\uFEFF", csvOf(table)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name || "answer"}-${table.path.replaceAll(".", "-")}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
