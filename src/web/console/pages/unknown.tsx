import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { UnknownAttemptResolution } from "../../../sdk/enums";
import { Link } from "../address";
import { Id, Status, Time, decimal, money, sums, words } from "../format";
import { Doing } from "../parts/doing";
import { List, pageIn } from "../parts/list";
import { Found } from "../parts/notes";
import type { Column } from "../parts/table";
import { usePlace } from "../place";
import { SELDOM_MS, useQuery } from "../query";
import { useUnknownCounts } from "../counting";
import type { Results } from "../results";

type Attempt = Results["unknowns"]["unknownAttempts"]["edges"][number]["node"];

/** What a processor may or may not have done. */
export function Unknown(): JSX.Element {
  const { filters, may } = usePlace();
  const counts = useUnknownCounts();
  const query = useQuery("unknowns", pageIn(filters), SELDOM_MS);
  const changed = (): void => {
    query.reload();
    counts.reload();
  };
  const items = counts.found?.items ?? [];
  return (
    <>
      <h1>Unknown outcomes</h1>
      {items.length > 0 && <p class="headline">{sums(items)} may or may not have moved.</p>}
      {!may("operations:write") && (
        <p class="note">
          They are asked about again and again by themselves. To ask at once, or to say what came of
          one, takes the key of an operator of the installation.
        </p>
      )}
      <List
        query={query}
        pick={({ unknownAttempts }) => unknownAttempts}
        caption="Attempts, newest first"
        columns={useColumns(changed)}
        empty="None: of everything that was sent to a processor, it is known what came of it."
      />
    </>
  );
}

function useColumns(changed: () => void): readonly Column<Attempt>[] {
  const { to, may } = usePlace();
  const columns: Column<Attempt>[] = [
    { name: "Unknown since", of: ({ unknownSince }) => <Time at={unknownSince} ago /> },
    {
      name: "Operation",
      of: ({ operation, processor, processorAccountId }) => (
        <>
          {words(operation)} at {processor}
          {processorAccountId !== null && (
            <>
              {" "}
              (<Id of={processorAccountId} />)
            </>
          )}
        </>
      ),
    },
    { name: "Amount", numeric: true, of: (one) => money(one.amount, one.currency) },
    {
      name: "Asked",
      of: ({ lookups, nextLookupAt }) => (
        <>
          {lookups} times
          {nextLookupAt !== null && (
            <>
              , next <Time at={nextLookupAt} />
            </>
          )}
        </>
      ),
    },
    {
      name: "Attempt",
      of: ({ id, paymentIntentId }) => (
        <>
          <Id of={id} /> of{" "}
          <Link to={to(`payments/${paymentIntentId}`)} row>
            <Id of={paymentIntentId} />
          </Link>
        </>
      ),
    },
    { name: "Evidence", of: (attempt) => <Evidence attempt={attempt} /> },
  ];
  if (!may("operations:write")) return columns;
  const act: Column<Attempt> = {
    name: "Do",
    of: (attempt) => <Actions attempt={attempt} changed={changed} />,
  };
  return [...columns, act];
}

/** Asked for only when it is opened: there may be a hundred reports of each. */
function Evidence({ attempt }: { attempt: Attempt }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{attempt.message ?? "what is known"}</summary>
      {isOpen && <Reports id={attempt.id} />}
    </details>
  );
}

function Reports({ id }: { id: string }): JSX.Element {
  return (
    <Found query={useQuery("attempt", { id })}>
      {({ node }) =>
        (node?.evidence ?? []).length === 0 ? (
          <p class="quiet">Nobody has reported anything about it yet.</p>
        ) : (
          <ul>
            {node?.evidence?.map(({ at, source, outcome, effect, reason }) => (
              <li key={`${at} ${source}`}>
                <Time at={at} /> {words(source)}: <Status of={outcome} />, {words(effect)}
                {reason !== null && <> ({reason})</>}
              </li>
            ))}
          </ul>
        )
      }
    </Found>
  );
}

function Actions({ attempt, changed }: { attempt: Attempt; changed: () => void }): JSX.Element {
  return (
    <span class="actions">
      <Doing
        label="Look up now"
        run={(act) => act("lookUpAttempt", { attemptId: attempt.id })}
        done={changed}
      />
      <Resolve attempt={attempt} changed={changed} />
    </span>
  );
}

const MEANINGS: Readonly<Record<UnknownAttemptResolution, string>> = {
  SUCCEEDED: "the processor did it: the books and the payment say so from now on",
  FAILED: "the processor did not do it: no money moved",
};

function Resolve({ attempt, changed }: { attempt: Attempt; changed: () => void }): JSX.Element {
  const [resolution, setResolution] = useState<UnknownAttemptResolution>("FAILED");
  const [charge, setCharge] = useState("");
  const [override, setOverride] = useState(false);
  const amount = money(attempt.amount, attempt.currency);
  const fields = (
    <>
      <fieldset>
        <legend>What came of it, as the processor's own records say</legend>
        {(["FAILED", "SUCCEEDED"] as const).map((value) => (
          <label key={value}>
            <input
              type="radio"
              name="resolution"
              checked={resolution === value}
              onChange={() => {
                setResolution(value);
              }}
            />{" "}
            {words(value)}: {MEANINGS[value]}
          </label>
        ))}
      </fieldset>
      {resolution === "SUCCEEDED" && (
        <label>
          The processor's id for the charge
          <input
            value={charge}
            onInput={(event) => {
              setCharge(event.currentTarget.value);
            }}
          />
        </label>
      )}
      <label>
        <input
          type="checkbox"
          checked={override}
          onChange={(event) => {
            setOverride(event.currentTarget.checked);
          }}
        />{" "}
        Even if the processor is about to be asked, or it has been unknown for a short time only
      </label>
    </>
  );
  return (
    <Doing
      label="Resolve"
      danger
      question={{
        effect: `This settles the ${words(attempt.operation)} of ${amount} for good, on your word. Where two have to agree, it is a proposal until a second operator says the same.`,
        reason: "required",
        typed: decimal(attempt.amount, attempt.currency),
        fields,
      }}
      run={(act, reason) =>
        act("resolveUnknownAttempt", {
          attemptId: attempt.id,
          resolution,
          reason,
          override,
          ...(resolution === "SUCCEEDED" &&
            charge.trim() !== "" && { processorChargeId: charge.trim() }),
        })
      }
      done={changed}
    />
  );
}
