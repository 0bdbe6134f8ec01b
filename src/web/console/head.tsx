import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { Link, go, pathOf } from "./address";
import { AskError } from "./api";
import { findPath } from "./jump";
import { PAGES } from "./pages";
import { usePlace } from "./place";
import { useQuery } from "./query";

interface HeadProps {
  readonly page: string;
  readonly jump: { current: HTMLInputElement | null };
  readonly help: () => void;
  readonly leave: () => void;
}

/** What is above every page: whose rows these are, the way to any id, and the menu. */
export function Head({ page, jump, help, leave }: HeadProps): JSX.Element {
  const { key } = usePlace().session;
  return (
    <header>
      <Brand />
      <Jump input={jump} />
      <span class="who">
        <span title={key.id}>{key.hint}</span>{" "}
        <button type="button" onClick={leave}>
          Sign out
        </button>{" "}
        <button type="button" aria-label="Help: keys" onClick={help}>
          ?
        </button>
      </span>
      <Navigation page={page} />
    </header>
  );
}

function Brand(): JSX.Element {
  const { merchant, session } = usePlace();
  return (
    <span class="brand">
      <Link to={session.key.kind === "PLATFORM" ? "/console" : pathOf(merchant, "")}>oncepay</Link>
      {merchant === null ? <span class="quiet">all merchants</span> : <MerchantName />}
    </span>
  );
}

function MerchantName(): JSX.Element | null {
  const { may, to } = usePlace();
  return may("payments:read") ? <Named to={to("")} /> : null;
}

function Named({ to }: { to: string }): JSX.Element {
  const { found } = useQuery("merchant", {});
  if (!found) return <span />;
  return (
    <>
      <Link to={to}>{found.merchant.name}</Link> <Mode of={found.merchant.mode} />
    </>
  );
}

/** Whether it is real money. */
function Mode({ of: mode }: { of: string }): JSX.Element {
  return (
    <span class={`mode ${mode.toLowerCase()}`}>{mode === "LIVE" ? "live money" : "test"}</span>
  );
}

function Navigation({ page }: { page: string }): JSX.Element {
  const { merchant, may, to } = usePlace();
  const shown = PAGES.filter(
    ({ scope, ofAll }) =>
      (scope === undefined || may(scope)) && (merchant !== null || ofAll === true),
  );
  return (
    <nav aria-label="Pages">
      {shown.map(({ path, name, letter, within }) => (
        <Link
          key={path}
          to={to(path)}
          title={`g ${letter}`}
          current={page === path || within?.includes(page) === true}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}

function Jump({ input }: { input: { current: HTMLInputElement | null } }): JSX.Element {
  const place = usePlace();
  const [problem, setProblem] = useState<ComponentChildren>();
  const jump = async (form: HTMLFormElement): Promise<void> => {
    setProblem(undefined);
    try {
      const path = await findPath(input.current?.value ?? "", place);
      if (path === undefined) {
        setProblem("There is nothing with this id here.");
        return;
      }
      form.reset();
      input.current?.blur();
      go(path);
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (error.code === "UNAUTHENTICATED") place.ended();
      setProblem(error.message);
    }
  };
  return (
    <form
      class="jump"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        void jump(event.currentTarget);
      }}
    >
      <input
        ref={input}
        aria-label="Go to an id or a reference"
        placeholder="Paste any id, or a reference    /"
        autocomplete="off"
        spellcheck={false}
      />
      <span role="status">{problem}</span>
    </form>
  );
}
