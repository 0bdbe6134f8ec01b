import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { WebhookErrorClass } from "../results";
import { Link, go } from "../address";
import { type CountedLetter, grouped, useLetterCounts } from "../counting";
import { Id, Time, count, words } from "../format";
import { Doing } from "../parts/doing";
import { type Field, Filters, momentIn } from "../parts/filters";
import { List, pageIn } from "../parts/list";
import { Found } from "../parts/notes";
import type { Column } from "../parts/table";
import { usePlace } from "../place";
import { type Counted, SELDOM_MS, useQuery } from "../query";
import type { Results } from "../results";

const CAUSES: readonly WebhookErrorClass[] = [
  "BLOCKED",
  "CLIENT_ERROR",
  "CONNECTION",
  "DNS",
  "GONE",
  "OTHER",
  "PROTOCOL",
  "REDIRECT",
  "SERVER_ERROR",
  "SIGNING",
  "TIMEOUT",
  "TLS",
];

const FIELDS: readonly Field[] = [
  { name: "endpoint", label: "Endpoint", hint: "we_…" },
  { name: "cause", label: "Cause", options: CAUSES },
  { name: "type", label: "Event type", hint: "payment_intent.succeeded" },
  { name: "since", label: "Died since", type: "datetime-local" },
  { name: "until", label: "Died before", type: "datetime-local" },
];

type Letter = Results["letters"]["deadLetters"]["edges"][number]["node"];

function useFilter() {
  const { filters } = usePlace();
  const cause = filters.get("cause") as WebhookErrorClass | null;
  const type = filters.get("type");
  return {
    endpointId: filters.get("endpoint") ?? undefined,
    causes: cause === null ? undefined : [cause],
    // Which types there are is the API's to say.
    types: type === null ? undefined : ([type] as never[]),
    diedAfter: momentIn(filters, "since"),
    diedBefore: momentIn(filters, "until"),
  };
}

export function DeadLetters(): JSX.Element {
  const { filters, may } = usePlace();
  const filter = useFilter();
  const counts = useLetterCounts(filter);
  const query = useQuery("letters", { filter, ...pageIn(filters) }, SELDOM_MS);
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const changed = (): void => {
    choose(new Set());
    counts.reload();
    query.reload();
  };
  return (
    <>
      <h1>Dead letters</h1>
      <Filters path="dead-letters" fields={FIELDS} />
      <Found query={counts}>
        {(found) => (
          <>
            <Groups counts={found} />
            {may("webhooks:replay") && (
              <p class="actions">
                <ReplayChosen chosen={chosen} done={changed} />
                {found.items.length > 0 && <PlanAll filter={filter} counts={found} />}
              </p>
            )}
          </>
        )}
      </Found>
      <List
        query={query}
        pick={({ deadLetters }) => deadLetters}
        caption="Letters, newest first"
        columns={useColumns(changed)}
        empty="Nothing waits here: every webhook that matches has been delivered, is still being tried, or was discarded."
        {...(may("webhooks:replay") && { selection: { chosen, choose } })}
      />
    </>
  );
}

/** By endpoint and cause; each group leads to its rows. */
function Groups({ counts }: { counts: Counted<CountedLetter> }): JSX.Element | null {
  const { to, filters } = usePlace();
  if (counts.items.length === 0) return null;
  const others = { since: filters.get("since"), until: filters.get("until") };
  return (
    <section aria-label="Groups">
      <h2>
        {count(counts.items.length, counts.hasMore)} letters
        {counts.hasMore && <small class="quiet"> (the newest 1,000 are counted)</small>}
      </h2>
      {grouped(counts.items, ({ endpointId }) => endpointId).map(([endpoint, letters]) => (
        <ul class="groups" key={endpoint}>
          <li>
            <Link to={to("dead-letters", { ...others, endpoint })} row>
              <Id of={endpoint} />
            </Link>{" "}
            <span>{count(letters.length, counts.hasMore)}</span>
          </li>
          {grouped(letters, ({ cause }) => cause ?? "OTHER").map(([cause, same]) => (
            <li key={cause} class="inner">
              <Link to={to("dead-letters", { ...others, endpoint, cause })} row>
                {words(cause)}
              </Link>{" "}
              <span>{count(same.length, counts.hasMore)}</span>{" "}
              <span class="quiet">{codesOf(same)}</span>
            </li>
          ))}
        </ul>
      ))}
    </section>
  );
}

function codesOf(letters: readonly CountedLetter[]): string {
  return grouped(
    letters.filter(({ statusCode }) => statusCode !== null),
    ({ statusCode }) => String(statusCode),
  )
    .map(([code, same]) => `${code} × ${String(same.length)}`)
    .join(", ");
}

function useColumns(changed: () => void): readonly Column<Letter>[] {
  const { to, may } = usePlace();
  const columns: Column<Letter>[] = [
    { name: "Died", of: ({ updatedAt }) => <Time at={updatedAt} /> },
    { name: "Cause", of: ({ cause }) => words(cause ?? "OTHER") },
    { name: "Code", numeric: true, of: ({ statusCode }) => statusCode ?? "–" },
    { name: "Tries", numeric: true, of: ({ tries }) => tries },
    {
      name: "Delivery",
      of: ({ id }) => (
        <Link to={to(`deliveries/${id}`)} row>
          <Id of={id} />
        </Link>
      ),
    },
    { name: "Endpoint", of: ({ endpointId }) => <Id of={endpointId} /> },
  ];
  if (!may("webhooks:replay")) return columns;
  const replay: Column<Letter> = {
    name: "Do",
    of: ({ id: deliveryId }) => (
      <Doing
        label="Replay"
        run={(act) => act("replayWebhookDelivery", { deliveryId })}
        done={changed}
      />
    ),
  };
  return [...columns, replay];
}

/** One after the other, each under a key of its own: one that has been replayed meanwhile stops nothing. */
function ReplayChosen({
  chosen,
  done,
}: {
  chosen: ReadonlySet<string>;
  done: () => void;
}): JSX.Element | null {
  if (chosen.size === 0) return null;
  const number = String(chosen.size);
  return (
    <Doing
      label={`Replay ${number} selected`}
      question={{
        effect: `${number} webhooks are sent again, with the same bytes and the same ids. A receiver that looks at the ids takes each once.`,
        typed: number,
      }}
      run={async (act) => {
        for (const deliveryId of chosen) {
          const answer = await act("replayWebhookDelivery", { deliveryId });
          if (answer === undefined) return undefined;
        }
        return true;
      }}
      done={done}
    />
  );
}

/** Only counts: nothing is sent before the plan is started. */
function PlanAll({
  filter,
  counts,
}: {
  filter: ReturnType<typeof useFilter>;
  counts: Counted<CountedLetter>;
}): JSX.Element {
  const { to } = usePlace();
  return (
    <Doing
      label="Plan a replay of all that match"
      question={{
        effect: `The letters that match now, ${count(counts.items.length, counts.hasMore)}, are written down and counted. Nothing is sent until the plan is started, and nothing that dies later joins it.`,
        reason: "required",
      }}
      run={async (act, reason) => {
        const answer = await act("createReplayPlan", { filter, reason });
        if (answer) go(to(`plans/${answer.createReplayPlan.replayPlan.id}`));
        return answer;
      }}
    />
  );
}
