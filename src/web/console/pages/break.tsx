import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link, pathOf } from "../address";
import { correctedInAll, differenceOf, postingsInWords, sideInWords } from "../break-words";
import { Id, Status, Time, words } from "../format";
import { Doing } from "../parts/doing";
import { Empty, Facts, Found } from "../parts/notes";
import { usePlace } from "../place";
import { SELDOM_MS, useQuery } from "../query";
import type { Results } from "../results";

type Break = NonNullable<Results["break"]["node"]>;

export function BreakPage({ id }: { id: string }): JSX.Element {
  const query = useQuery("break", { id }, SELDOM_MS);
  return (
    <>
      <h1>
        Break <Id of={id} />
      </h1>
      <Found query={query}>
        {({ node }) =>
          node ? (
            <Whole found={node} changed={query.reload} />
          ) : (
            <Empty>This merchant has no break with this id. It may be another merchant's.</Empty>
          )
        }
      </Found>
    </>
  );
}

function Whole({ found, changed }: { found: Break; changed: () => void }): JSX.Element {
  const { may } = usePlace();
  const isOver = found.status === "RESOLVED";
  return (
    <>
      <p class="headline">
        <strong>{found.detail}</strong> <Status of={found.status} />
      </p>
      {!isOver && may("operations:write") && <Actions found={found} changed={changed} />}
      {!isOver && !may("operations:write") && (
        <p class="note">
          To explain or to resolve it takes the key of an operator of the installation.
        </p>
      )}
      <Facts of={[...differs(found), ...became(found)]} />
    </>
  );
}

type FactList = Parameters<typeof Facts>[0]["of"];

function differs(found: Break): FactList {
  const { ours, theirs, currency, proposal, merchantId, paymentIntentId } = found;
  return [
    ["Kind", words(found.kind)],
    ["Here", `${sideInWords(ours, currency)} ${stateOf(ours)}`],
    ["There", `${sideInWords(theirs, currency)} ${stateOf(theirs)}`],
    [
      "Proposed",
      proposal ? postingsInWords(proposal, currency) : "nothing: a person has to decide",
    ],
    ["Corrects", proposal?.corrects != null && <Id of={proposal.corrects} />],
    [
      "Payment",
      paymentIntentId !== null && (
        <Link to={pathOf(merchantId, `payments/${paymentIntentId}`)} row>
          <Id of={paymentIntentId} />
        </Link>
      ),
    ],
    ["About", <Id of={found.subjectId} />],
    ["Merchant", <Id of={merchantId} />],
    ["Processor", found.processor],
    ["Account", found.processorAccountId !== null && <Id of={found.processorAccountId} />],
    ["Noticed by", words(found.source)],
    ["Report", found.reportId !== null && <Id of={found.reportId} />],
  ];
}

function became(found: Break): FactList {
  return [
    ["Found", <Time at={found.foundAt} ago />],
    ["Owner", found.owner ?? "nobody yet"],
    ["Explanation", found.explanation],
    ["Explained", found.explainedAt && <Time at={found.explainedAt} ago />],
    ["Resolved", found.resolvedAt && <Time at={found.resolvedAt} ago />],
    ["As", found.resolution && words(found.resolution)],
    ["Journal", found.journalId !== null && <Id of={found.journalId} />],
  ];
}

function stateOf(side: Break["ours"]): string {
  return side?.state == null ? "" : `(${words(side.state)})`;
}

function Actions({ found, changed }: { found: Break; changed: () => void }): JSX.Element {
  const { id: breakId, currency, proposal } = found;
  const [owner, setOwner] = useState(found.owner ?? "");
  const named = owner.trim() === "" ? {} : { owner: owner.trim() };
  const fields = (
    <label>
      Who sees to it (by default, your key)
      <input
        maxLength={100}
        value={owner}
        onInput={(event) => {
          setOwner(event.currentTarget.value);
        }}
      />
    </label>
  );
  return (
    <p class="actions">
      <Doing
        label="Explain"
        question={{
          effect: "Your words become its explanation. It stays open, and no money moves.",
          reason: "required",
          fields,
        }}
        run={(act, reason) =>
          act("resolveReconciliationBreak", { breakId, action: "EXPLAIN", reason, ...named })
        }
        done={changed}
      />
      {proposal && (
        <Doing
          label="Post the correction"
          danger
          question={{
            effect: `A journal of its own is posted (${postingsInWords(proposal, currency)}), and the break is resolved for good. Nothing that was posted before is changed.`,
            reason: "required",
            typed: correctedInAll(proposal, currency),
          }}
          run={(act, reason) =>
            act("resolveReconciliationBreak", { breakId, action: "APPROVE_CORRECTION", reason })
          }
          done={changed}
        />
      )}
      <Doing
        label="Dismiss"
        danger
        question={{
          effect:
            "Nothing is posted, and the break is resolved for good: the books stay as they are.",
          reason: "required",
          typed: differenceOf(found),
        }}
        run={(act, reason) =>
          act("resolveReconciliationBreak", { breakId, action: "DISMISS", reason })
        }
        done={changed}
      />
    </p>
  );
}
