import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { texts } from "../texts";
import { Icon } from "./icon";

export interface Column<T> {
  key: string;
  title: string;
  render: (row: T) => ComponentChildren;
  // sort makes the column sortable by what it returns.
  sort?: (row: T) => string | number;
  narrow?: boolean; // it gives way on a narrow window
}

// Table is a table that sorts by a click on a column's title.
export function Table<T>(p: { caption: string; columns: Column<T>[]; rows: T[]; keyOf: (row: T) => string; empty?: ComponentChildren; sortBy?: string; descending?: boolean }) {
  const [by, setBy] = useState(p.sortBy);
  const [descending, setDescending] = useState(p.descending ?? false);
  const column = p.columns.find((c) => c.key === by);
  const rows = column?.sort ? [...p.rows].sort((a, b) => compare(column.sort!(a), column.sort!(b)) * (descending ? -1 : 1)) : p.rows;
  if (rows.length === 0 && p.empty) return <>{p.empty}</>;
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={p.caption}>
      <table class="fd-table table">
        <caption class="sr-only">{p.caption}</caption>
        <thead class="fd-table__header">
          <tr class="fd-table__row">
            {p.columns.map((c) => (
              <th key={c.key} class={"fd-table__cell" + (c.narrow ? " table__wide" : "")} scope="col" aria-sort={c.sort ? (by === c.key ? (descending ? "descending" : "ascending") : "none") : undefined}>
                {c.sort ? (
                  <button
                    type="button"
                    class="table__sort"
                    onClick={() => {
                      setDescending(by === c.key ? !descending : false);
                      setBy(c.key);
                    }}
                  >
                    {c.title}
                    {by === c.key && <Icon name={descending ? "down" : "up"} />}
                  </button>
                ) : (
                  c.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody class="fd-table__body">
          {rows.map((row) => (
            <tr key={p.keyOf(row)} class="fd-table__row">
              {p.columns.map((c) => (
                <td key={c.key} class={"fd-table__cell" + (c.narrow ? " table__wide" : "")}>
                  {c.render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en");
}

// Empty says that there is nothing, and what brings something.
export function Empty(p: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty__title">{p.title}</p>
      {p.children}
    </div>
  );
}

export function NothingFound() {
  return <Empty title={texts.common.nothingFound}>{texts.common.nothingFoundDetail}</Empty>;
}
