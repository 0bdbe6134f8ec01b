import type { JSX } from "preact";
import { go, pathOf } from "../address";
import { usePlace } from "../place";
import { words } from "../format";

/** A form whose values are in the address, and nowhere else. */

export interface Field {
  readonly name: string;
  readonly label: string;
  /** Absent: a text. */
  readonly options?: readonly string[];
  readonly type?: "text" | "datetime-local";
  readonly hint?: string;
  /** What it means that no option is chosen. */
  readonly otherwise?: string;
}

export function Filters({ path, fields }: { path: string; fields: readonly Field[] }): JSX.Element {
  const { merchant, filters } = usePlace();
  const apply = (form: HTMLFormElement): void => {
    const given = new FormData(form);
    const values = fields.map(({ name }) => {
      const value = given.get(name);
      return [name, typeof value === "string" ? value.trim() : ""] as const;
    });
    go(pathOf(merchant, path, Object.fromEntries(values)));
  };
  return (
    <form
      class="filters"
      // Its fields are as the address says, also when that changes by a link.
      key={fields.map(({ name }) => filters.get(name) ?? "").join("\n")}
      onSubmit={(event) => {
        event.preventDefault();
        apply(event.currentTarget);
      }}
      onChange={(event) => {
        if (event.target instanceof HTMLSelectElement) apply(event.currentTarget);
      }}
    >
      {fields.map((field) => (
        <label key={field.name}>
          {field.label}
          <Input field={field} value={filters.get(field.name) ?? ""} />
        </label>
      ))}
      <button type="submit">Filter</button>
    </form>
  );
}

function Input({ field, value }: { field: Field; value: string }): JSX.Element {
  const { name, options, type = "text", hint, otherwise = "any" } = field;
  if (!options && type === "datetime-local") {
    return <input name={name} type="datetime-local" step="1" defaultValue={value} />;
  }
  if (!options) return <input name={name} defaultValue={value} placeholder={hint} />;
  return (
    <select name={name}>
      <option value="" selected={value === ""}>
        {otherwise}
      </option>
      {options.map((option) => (
        <option key={option} value={option} selected={option === value}>
          {words(option)}
        </option>
      ))}
    </select>
  );
}

/** What a field of the reader's own time says, as the API takes it. */
export function momentIn(filters: URLSearchParams, name: string): string | undefined {
  const given = filters.get(name);
  if (given === null || Number.isNaN(Date.parse(given))) return undefined;
  return new Date(given).toISOString();
}
