import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "../address";
import { Id, Status, Time, words } from "../format";
import { Doing } from "../parts/doing";
import { List, pageIn } from "../parts/list";
import { Empty, Facts, Found, Json } from "../parts/notes";
import { Table } from "../parts/table";
import { usePlace } from "../place";
import { OFTEN_MS, SELDOM_MS, useQuery } from "../query";
import type { Results } from "../results";

type Plan = NonNullable<Results["plan"]["node"]>;

export function Plans(): JSX.Element {
  const { filters, to } = usePlace();
  const query = useQuery("plans", pageIn(filters), SELDOM_MS);
  return (
    <>
      <h1>Replay plans</h1>
      <List
        query={query}
        pick={({ replayPlans }) => replayPlans}
        caption="Plans, newest first"
        columns={[
          { name: "Made", of: ({ createdAt }) => <Time at={createdAt} /> },
          { name: "Status", of: ({ status }) => <Status of={status} /> },
          { name: "Letters", numeric: true, of: ({ letters }) => letters.toLocaleString("en") },
          { name: "Sent", numeric: true, of: ({ sent }) => sent.toLocaleString("en") },
          { name: "Skipped", numeric: true, of: ({ skipped }) => skipped.toLocaleString("en") },
          { name: "Reason", of: ({ reason }) => reason },
          {
            name: "Plan",
            of: ({ id }) => (
              <Link to={to(`plans/${id}`)} row>
                <Id of={id} />
              </Link>
            ),
          },
        ]}
        empty={
          <>
            Nobody has planned a replay. A plan is made from{" "}
            <Link to={to("dead-letters")}>dead letters</Link>, once they have been filtered.
          </>
        }
      />
    </>
  );
}

export function PlanPage({ id }: { id: string }): JSX.Element {
  const query = useQuery("plan", { id }, OFTEN_MS);
  return (
    <>
      <h1>
        Replay plan <Id of={id} />
      </h1>
      <Found query={query}>
        {({ node }) =>
          node ? (
            <Whole plan={node} changed={query.reload} />
          ) : (
            <Empty>This merchant has no replay plan with this id.</Empty>
          )
        }
      </Found>
    </>
  );
}

function Whole({ plan, changed }: { plan: Plan; changed: () => void }): JSX.Element {
  const { may } = usePlace();
  const doneWith = plan.sent + plan.skipped;
  const count = (letters: number): string => letters.toLocaleString("en");
  return (
    <>
      <p class="headline">
        <strong>{count(plan.letters)} letters</strong> <Status of={plan.status} />
      </p>
      {plan.startedAt !== null && (
        <p>
          <progress value={doneWith} max={Math.max(1, plan.letters)} aria-label="Progress" />{" "}
          {count(plan.sent)} sent, {count(plan.skipped)} skipped of {count(plan.letters)}
        </p>
      )}
      {plan.status === "READY" && (
        <p class="note">
          A dry run: nothing has been sent. These letters were counted when the plan was made, and
          only they are sent, whatever has died since.
        </p>
      )}
      {plan.hasMore && (
        <p class="note">More letters match than one plan may have: make another one afterwards.</p>
      )}
      {may("webhooks:replay") && <Steer plan={plan} changed={changed} />}
      <Facts
        of={[
          ["Reason", plan.reason],
          [
            "Newer replays exist of",
            plan.superseded > 0 && `${count(plan.superseded)} letters, which are skipped`,
          ],
          ["A second at most", plan.perSecond],
          ["Made by", <Id of={plan.createdBy} />],
          ["Made", <Time at={plan.createdAt} ago />],
          ["Started", plan.startedAt && <Time at={plan.startedAt} ago />],
          ["Finished", plan.finishedAt && <Time at={plan.finishedAt} ago />],
        ]}
      />
      <Counts plan={plan} />
      <h2>Filter</h2>
      <Json of={plan.filter} />
    </>
  );
}

function Counts({ plan }: { plan: Plan }): JSX.Element {
  const rows = [
    ...plan.endpoints.map(({ endpointId, letters }) => ({ id: endpointId, letters })),
    ...plan.causes.map(({ cause, letters }) => ({ id: words(cause), letters })),
    ...plan.types.map(({ type, letters }) => ({ id: type, letters })),
  ];
  return (
    <Table
      caption="Letters by endpoint, cause and type"
      rows={rows}
      columns={[
        { name: "Of", of: ({ id }) => <Id of={id} /> },
        { name: "Letters", numeric: true, of: ({ letters }) => letters.toLocaleString("en") },
      ]}
    />
  );
}

const RATE_DEFAULT = 50;

function Steer({ plan, changed }: { plan: Plan; changed: () => void }): JSX.Element | null {
  const { id: planId, status, letters } = plan;
  const [perSecond, setPerSecond] = useState(plan.perSecond ?? RATE_DEFAULT);
  const rate = (
    <label>
      A second at most
      <input
        type="number"
        min={1}
        max={1_000}
        value={perSecond}
        onInput={(event) => {
          setPerSecond(Number(event.currentTarget.value));
        }}
      />
    </label>
  );
  const number = String(letters);
  if (status === "FINISHED" || status === "CANCELED") return null;
  return (
    <p class="actions">
      {status === "READY" && (
        <Doing
          label="Start"
          question={{
            effect: `${letters.toLocaleString("en")} webhooks are sent again, with the same bytes and ids. It can be paused and canceled at any moment.`,
            reason: "optional",
            typed: number,
            fields: rate,
          }}
          run={(act, reason) => act("startReplayPlan", { planId, perSecond, ...said(reason) })}
          done={changed}
        />
      )}
      {status === "RUNNING" && (
        <Doing label="Pause" run={(act) => act("pauseReplayPlan", { planId })} done={changed} />
      )}
      {status === "PAUSED" && (
        <Doing
          label="Resume"
          question={{ effect: "It goes on where it stopped.", reason: "optional", fields: rate }}
          run={(act, reason) => act("resumeReplayPlan", { planId, perSecond, ...said(reason) })}
          done={changed}
        />
      )}
      <Doing
        label="Cancel the plan"
        danger
        question={{
          effect: "What has not been sent stays a dead letter. A canceled plan can not be resumed.",
          reason: "optional",
        }}
        run={(act, reason) => act("cancelReplayPlan", { planId, ...said(reason) })}
        done={changed}
      />
    </p>
  );
}

function said(reason: string): { readonly reason?: string } {
  return reason === "" ? {} : { reason };
}
