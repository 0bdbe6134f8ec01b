import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { go, pathOf, useAddress } from "./address";
import { AskError, type Session, readSession, signOut } from "./api";
import { BooksBanner, WithBooks } from "./books";
import { Head } from "./head";
import { type Keys, useKeys } from "./keys";
import { Help } from "./help";
import { PAGES, pageFor } from "./pages";
import { ErrorNote, Empty } from "./parts/notes";
import { SignIn } from "./pages/sign-in";
import { PlaceContext, placeOf } from "./place";

/** Undefined: not known yet. Null: nobody. */
export function App(): JSX.Element {
  const [session, setSession] = useState<Session | null>();
  const [hasEnded, setEnded] = useState(false);
  const [error, setError] = useState<AskError>();
  useEffect(() => {
    readSession().then(setSession, (thrown: unknown) => {
      if (thrown instanceof AskError) setError(thrown);
    });
  }, []);
  if (error) {
    return (
      <main>
        <ErrorNote
          error={error}
          retry={() => {
            location.reload();
          }}
        />
      </main>
    );
  }
  if (session === undefined) return <p class="loading">Loading …</p>;
  if (session === null) {
    return <SignIn hasEnded={hasEnded} entered={setSession} />;
  }
  const ended = (): void => {
    setEnded(true);
    setSession(null);
  };
  const leave = (): void => {
    void signOut().finally(() => {
      setEnded(false);
      setSession(null);
    });
  };
  return <SignedIn session={session} ended={ended} leave={leave} />;
}

function SignedIn({
  session,
  ended,
  leave,
}: {
  session: Session;
  ended: () => void;
  leave: () => void;
}): JSX.Element {
  const { merchant, page, id, filters } = useAddress();
  const [said, say] = useState("");
  const [isHelping, setHelping] = useState(false);
  const jump = useRef<HTMLInputElement>(null);
  const help = useCallback(() => {
    setHelping(true);
  }, []);
  useOwnMerchant(session);
  useKeys(useBindings({ merchant, jump, help }));
  const shown = pageFor(page, id, merchant);
  useEffect(() => {
    document.title = `${shown?.title ?? "Nothing here"} · oncepay console`;
    say("");
  }, [shown?.title]);
  const place = placeOf(session, { merchant, filters, say, ended: useCallback(ended, []) });
  // A merchant's own people look at nothing else.
  const isOwn = session.key.kind === "PLATFORM" || merchant === session.merchantId;
  return (
    <PlaceContext.Provider value={place}>
      <WithBooks>
        <Head page={page} jump={jump} help={help} leave={leave} />
        {isOwn && <BooksBanner />}
        <main id="main" key={`${merchant ?? ""}/${page}/${id ?? ""}`}>
          <p class="said" role="status">
            {said}
          </p>
          {isOwn ? (
            (shown?.element ?? (
              <Empty>There is no such page. The menu leads to those that are.</Empty>
            ))
          ) : (
            <Empty>
              {merchant === null
                ? "Loading …"
                : `This is a page of another merchant, and your key is of ${session.merchantId}.`}
            </Empty>
          )}
        </main>
        {isHelping && (
          <Help
            close={() => {
              setHelping(false);
            }}
          />
        )}
      </WithBooks>
    </PlaceContext.Provider>
  );
}

/** For whoever has one merchant only, every address is that merchant's. */
function useOwnMerchant(session: Session): void {
  const { merchant, page, id, filters } = useAddress();
  const isLost = session.key.kind !== "PLATFORM" && merchant === null;
  useEffect(() => {
    if (!isLost) return;
    const rest = [page, id].filter((part) => part !== null && part !== "").join("/");
    go(pathOf(session.merchantId, rest, Object.fromEntries(filters)), { replace: true });
  }, [isLost]);
}

function useBindings({
  merchant,
  jump,
  help,
}: {
  merchant: string | null;
  jump: { current: HTMLInputElement | null };
  help: () => void;
}): Keys {
  return useMemo(() => {
    const pages = PAGES.map(({ letter, path }) => {
      const open = (): void => {
        go(pathOf(merchant, path));
      };
      return [letter, open] as const;
    });
    return { jump: () => jump.current?.focus(), help, pages: Object.fromEntries(pages) };
  }, [merchant]);
}
