import type { ComponentChildren, JSX } from "preact";
import type { AskError } from "../api";
import type { Query } from "../query";

/** What a page says when there is nothing to show, or no telling. */

export function ErrorNote({
  error,
  retry,
}: {
  error: AskError;
  retry?: (() => void) | undefined;
}): JSX.Element {
  return (
    <div class="note bad" role="alert">
      <p>
        {error.message} <span class="quiet">{error.code}</span>
      </p>
      {error.requestId !== undefined && (
        <p>
          Request <code class="id">{error.requestId}</code>
        </p>
      )}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}

/** Shows what was found; with an error above it when the newest try has failed. */
export function Found<Value>({
  query,
  children,
}: {
  query: Query<Value>;
  children: (found: Value) => ComponentChildren;
}): JSX.Element {
  const { found, error, reload } = query;
  return (
    <>
      {error && <ErrorNote error={error} retry={reload} />}
      {found === undefined && !error && <p class="loading">Loading …</p>}
      {found !== undefined && children(found)}
    </>
  );
}

export function Facts({
  of: facts,
}: {
  of: readonly (readonly [name: string, value: ComponentChildren])[];
}): JSX.Element {
  const known = facts.filter(([, value]) => value != null && value !== false && value !== "");
  return (
    <dl class="facts">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Json({ of: value }: { of: unknown }): JSX.Element {
  return (
    <pre class="json" tabIndex={0}>
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}
