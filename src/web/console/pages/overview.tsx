import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link, go, pathOf } from "../address";
import { useBooks } from "../books";
import {
  grouped,
  useBreakCounts,
  useEventRate,
  useLetterCounts,
  useUnknownCounts,
} from "../counting";
import { Time, count, span, sums, words } from "../format";
import { Card } from "../parts/card";
import { Sparkline } from "../parts/sparkline";
import { Found } from "../parts/notes";
import { usePlace } from "../place";
import { SELDOM_MS, useQuery } from "../query";
import { BacklogCard } from "./backlog";

/** What waits for somebody, the most urgent first: for one merchant, or for the installation. */
export function Overview(): JSX.Element {
  const { merchant, may } = usePlace();
  return (
    <>
      <h1>{merchant === null ? "This installation" : "What waits for you"}</h1>
      {merchant === null && <ChooseMerchant />}
      <div class="cards">
        {merchant === null ? <LettersByMerchant /> : <OfMerchant />}
        {merchant === null && may("operations:read") && <Breaks />}
        {merchant === null && may("operations:read") && <BacklogCard />}
        {merchant === null && may("operations:write") && <SetAsideCard />}
      </div>
    </>
  );
}

function OfMerchant(): JSX.Element {
  const { may } = usePlace();
  return (
    <>
      {may("operations:read") && <Unknowns />}
      {may("webhooks:read") && <Letters />}
      {may("operations:read") && <Breaks />}
      {may("operations:read") && <BacklogCard />}
      {may("ledger:read") && <Books />}
      {may("webhooks:read") && <Endpoints />}
      {may("events:read") && <Events />}
    </>
  );
}

function Unknowns(): JSX.Element {
  const { to } = usePlace();
  return (
    <Card title="Unknown outcomes" to={to("unknown")}>
      <Found query={useUnknownCounts()}>
        {({ items, hasMore }) => {
          if (items.length === 0) return <p class="calm">None: every outcome is known.</p>;
          const oldest = items.at(-1)?.unknownSince ?? null;
          return (
            <>
              <p class="figure waiting">{count(items.length, hasMore)}</p>
              <p>{sums(items)} may or may not have moved.</p>
              {oldest !== null && (
                <p class="quiet">oldest for {span(Date.now() - Date.parse(oldest))}</p>
              )}
            </>
          );
        }}
      </Found>
    </Card>
  );
}

function Letters(): JSX.Element {
  const { to } = usePlace();
  return (
    <Card title="Dead letters" to={to("dead-letters")}>
      <Found query={useLetterCounts({})}>
        {({ items, hasMore }) =>
          items.length === 0 ? (
            <p class="calm">None: every webhook has been delivered or is still being tried.</p>
          ) : (
            <>
              <p class="figure bad">{count(items.length, hasMore)}</p>
              <ul class="groups">
                {grouped(items, ({ cause }) => cause ?? "OTHER").map(([cause, letters]) => (
                  <li key={cause}>
                    <Link to={to("dead-letters", { cause })}>{words(cause)}</Link>{" "}
                    <span>{count(letters.length, hasMore)}</span>
                  </li>
                ))}
              </ul>
            </>
          )
        }
      </Found>
    </Card>
  );
}

function Books(): JSX.Element {
  const { to } = usePlace();
  return (
    <Card title="Trial balance" to={to("ledger")}>
      <Found query={useBooks()}>
        {({ trial }) => {
          const { balanced = true, currencies = [] } = trial ?? {};
          // How much it is, the banner says.
          if (!balanced) return <p class="figure bad">differs</p>;
          return (
            <p class="calm">
              Balanced{currencies.length === 0 ? ": nothing has been posted yet" : ""}
              {currencies.length > 0 &&
                ` in ${currencies.map(({ currency }) => currency).join(", ")}`}
              .
            </p>
          );
        }}
      </Found>
    </Card>
  );
}

function Breaks(): JSX.Element {
  const { to } = usePlace();
  return (
    <Card title="Open breaks" to={to("breaks")}>
      <Found query={useBreakCounts()}>
        {({ items, hasMore }) => {
          const oldest = items.at(-1)?.foundAt;
          if (oldest === undefined) return <p class="calm">None: everybody's books agree.</p>;
          return (
            <>
              <p class="figure bad">{count(items.length, hasMore)}</p>
              <ul class="groups">
                {grouped(items, ({ kind }) => kind).map(([kind, breaks]) => (
                  <li key={kind}>
                    <Link to={to("breaks", { kind })}>{words(kind)}</Link>{" "}
                    <span>{count(breaks.length, hasMore)}</span>
                  </li>
                ))}
              </ul>
              <p class="quiet">oldest for {span(Date.now() - Date.parse(oldest))}</p>
            </>
          );
        }}
      </Found>
    </Card>
  );
}

function Endpoints(): JSX.Element {
  const { to } = usePlace();
  return (
    <Card title="Endpoints" to={to("endpoints")}>
      <Found query={useQuery("endpointStates", {}, SELDOM_MS)}>
        {({ webhookEndpoints: { edges } }) => {
          const off = edges.filter(({ node }) => node.status !== "ENABLED").length;
          if (edges.length === 0) return <p class="calm">None yet: nobody is told of events.</p>;
          return (
            <p class={off > 0 ? "waiting" : "calm"}>
              {edges.length - off} of {edges.length} enabled.
            </p>
          );
        }}
      </Found>
    </Card>
  );
}

function Events(): JSX.Element {
  return (
    <Card title="Events a minute">
      <Found query={useEventRate()}>
        {({ perMinute, countedUntil }) => {
          const total = perMinute.reduce((sum, one) => sum + one, 0);
          return (
            <>
              <Sparkline values={perMinute} label="Events in each of the last 30 minutes" />
              <p class="quiet">
                {count(total, countedUntil !== undefined)} in the last half hour
                {countedUntil !== undefined && ", of which the newest are not counted"}
              </p>
            </>
          );
        }}
      </Found>
    </Card>
  );
}

/** Of all merchants: for whoever runs the installation. */
function LettersByMerchant(): JSX.Element {
  return (
    <Card title="Dead letters by merchant">
      <Found query={useLetterCounts({})}>
        {({ items, hasMore }) =>
          items.length === 0 ? (
            <p class="calm">None: no merchant has a webhook that could not be delivered.</p>
          ) : (
            <ul class="groups">
              {grouped(items, ({ merchantId }) => merchantId ?? "").map(([id, letters]) => (
                <li key={id}>
                  <Link to={pathOf(id, "dead-letters")} row>
                    {id}
                  </Link>{" "}
                  <span>{count(letters.length, hasMore)}</span>
                </li>
              ))}
            </ul>
          )
        }
      </Found>
    </Card>
  );
}

function SetAsideCard(): JSX.Element {
  return (
    <Card title="Messages set aside">
      <Found query={useQuery("setAsideCounts", {}, SELDOM_MS)}>
        {({ setAsideMessages: { edges, pageInfo } }) =>
          edges.length === 0 ? (
            <p class="calm">None: the relay publishes everything.</p>
          ) : (
            <>
              <p class="figure bad">{count(edges.length, pageInfo.hasNextPage)}</p>
              <p>
                The oldest since <Time at={edges.at(-1)?.node.setAsideAt ?? null} ago />.
              </p>
              <p class="quiet">
                <code>oncepay ops set-aside</code> lists and releases them.
              </p>
            </>
          )
        }
      </Found>
    </Card>
  );
}

function ChooseMerchant(): JSX.Element {
  const [id, setId] = useState("");
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        go(pathOf(id.trim(), ""));
      }}
    >
      <label>
        Merchant
        <input
          value={id}
          pattern="\s*mer_[0-9a-z]{26}\s*"
          required
          placeholder="mer_…"
          onInput={(event) => {
            setId(event.currentTarget.value);
          }}
        />
      </label>
      <button type="submit">Look at it</button>
    </form>
  );
}
