import type { ComponentChildren, JSX } from "preact";

export interface Column<Row> {
  readonly name: string;
  readonly of: (row: Row) => ComponentChildren;
  readonly numeric?: boolean;
}

export interface Selection {
  readonly chosen: ReadonlySet<string>;
  readonly choose: (chosen: ReadonlySet<string>) => void;
}

export interface Named {
  readonly id: string;
}

/** A list as a table; on a narrow screen each row is a card, whose lines say what they are. */
export function Table<Row extends Named>({
  caption,
  columns,
  rows,
  selection,
}: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  selection?: Selection | undefined;
}): JSX.Element {
  return (
    <table>
      <caption>{caption}</caption>
      <thead>
        <tr>
          {selection && (
            <th scope="col" class="choice">
              <ChooseAll rows={rows} selection={selection} />
            </th>
          )}
          {columns.map(({ name, numeric }) => (
            <th key={name} scope="col" class={numeric === true ? "numeric" : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            {selection && (
              <td class="choice">
                <Choice row={row} selection={selection} />
              </td>
            )}
            {columns.map(({ name, of, numeric }) => (
              <td key={name} data-name={name} class={numeric === true ? "numeric" : undefined}>
                <div>{of(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Choice({ row, selection }: { row: Named; selection: Selection }): JSX.Element {
  const { chosen, choose } = selection;
  const toggle = (): void => {
    const next = new Set(chosen);
    if (!next.delete(row.id)) next.add(row.id);
    choose(next);
  };
  return (
    <input
      type="checkbox"
      aria-label={`Select ${row.id}`}
      checked={chosen.has(row.id)}
      onChange={toggle}
    />
  );
}

function ChooseAll({
  rows,
  selection,
}: {
  rows: readonly Named[];
  selection: Selection;
}): JSX.Element {
  const { chosen, choose } = selection;
  const areAll = rows.length > 0 && rows.every(({ id }) => chosen.has(id));
  return (
    <input
      type="checkbox"
      aria-label="Select all on this page"
      checked={areAll}
      onChange={() => {
        choose(new Set(areAll ? [] : rows.map(({ id }) => id)));
      }}
    />
  );
}
