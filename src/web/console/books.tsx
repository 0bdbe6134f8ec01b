import { type ComponentChildren, createContext } from "preact";
import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import { Link } from "./address";
import { ask } from "./api";
import { money } from "./format";
import { usePlace } from "./place";
import { type Query, SELDOM_MS, useReading } from "./query";
import type { Results } from "./results";

/*
 * Whether debits and credits are equal: asked for once for whatever page is shown, which a merchant's key may if it reads
 * the ledger. For the whole installation, what the continuous audit has found and nobody has resolved says it.
 */

interface Books {
  /** Of a merchant. */
  readonly trial: Results["trialBalance"]["trialBalance"] | undefined;
  readonly differences: readonly string[];
}

const NOT_ASKED: Books = { trial: undefined, differences: [] };

const BooksContext = createContext<Query<Books> | undefined>(undefined);

export function WithBooks({ children }: { children: ComponentChildren }): JSX.Element {
  return <BooksContext.Provider value={useReadBooks()}>{children}</BooksContext.Provider>;
}

export function useBooks(): Query<Books> {
  const books = useContext(BooksContext);
  if (!books) throw new Error("nobody asks for the books");
  return books;
}

function useReadBooks(): Query<Books> {
  const { merchant, acting, session, may } = usePlace();
  const isOfAll = merchant === null && session.key.kind === "PLATFORM";
  return useReading(
    async (by, signal) => {
      const asked = { merchant: acting, by, signal };
      if (isOfAll) return may("operations:read") ? ofAll(asked) : NOT_ASKED;
      return merchant !== null && may("ledger:read") ? ofMerchant(asked) : NOT_ASKED;
    },
    { about: JSON.stringify(["books", merchant]), everyMs: SELDOM_MS },
  );
}

async function ofMerchant(asked: Parameters<typeof ask>[2]): Promise<Books> {
  const { trialBalance: trial } = await ask("trialBalance", {}, asked);
  const differences = trial.currencies
    .filter(({ difference }) => difference !== "0")
    .map(({ currency, difference }) => `Debits less credits are ${money(difference, currency)}.`);
  return { trial, differences };
}

async function ofAll(asked: Parameters<typeof ask>[2]): Promise<Books> {
  const filter = { kinds: ["IMBALANCE"], statuses: ["OPEN", "EXPLAINED"] } as const;
  const { reconciliationBreaks } = await ask("breakCounts", { filter }, asked);
  return {
    trial: undefined,
    differences: reconciliationBreaks.edges.map(({ node }) => `${node.detail}.`),
  };
}

/** Above every page, for as long as it is so. */
export function BooksBanner(): JSX.Element | null {
  const { merchant, to } = usePlace();
  const { found } = useBooks();
  if (!found || found.differences.length === 0) return null;
  return (
    <div class="note bad banner" role="alert">
      <p>
        The books do not balance. {found.differences.join(" ")} Run <code>oncepay verify</code>, and
        let nobody post by hand.{" "}
        <Link to={merchant === null ? to("breaks", { kind: "IMBALANCE" }) : to("ledger")}>
          {merchant === null ? "The breaks" : "The ledger"}
        </Link>
      </p>
    </div>
  );
}
