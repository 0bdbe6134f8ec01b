import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { pathOf } from "./address";
import type { Session } from "./api";

/** Who looks at whose rows: what every page needs. */
export interface Place {
  readonly session: Session;
  /** Of the address; null: the whole installation. */
  readonly merchant: string | null;
  /** Whom the API is told that this is about: only an operator of the installation has a choice. */
  readonly acting: string | null;
  readonly filters: URLSearchParams;
  readonly may: (scope: string) => boolean;
  /** A path of the same merchant. */
  readonly to: (
    path: string,
    filters?: Readonly<Record<string, string | null | undefined>>,
  ) => string;
  /** Says in one line what has been done. */
  readonly say: (text: string) => void;
  /** The session has ended. */
  readonly ended: () => void;
}

export const PlaceContext = createContext<Place | undefined>(undefined);

export function usePlace(): Place {
  const place = useContext(PlaceContext);
  if (!place) throw new Error("nobody is anywhere");
  return place;
}

export function placeOf(
  session: Session,
  given: Pick<Place, "merchant" | "filters" | "say" | "ended">,
): Place {
  return {
    ...given,
    session,
    acting: session.key.kind === "PLATFORM" ? given.merchant : null,
    may: (scope) => session.key.scopes.includes(scope),
    to: (path, filters) => pathOf(given.merchant, path, filters),
  };
}
