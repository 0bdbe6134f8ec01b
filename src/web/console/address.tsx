import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

/*
 * Where the page is: everything that is shown follows from the address, so that a link shows the same to a colleague.
 *
 *     /console/<merchant>/<page>/<id>?<filters>
 */

export interface Address {
  /** Null: the whole installation, for its operators. */
  readonly merchant: string | null;
  readonly page: string;
  readonly id: string | null;
  readonly filters: URLSearchParams;
}

const MERCHANT = /^mer_[0-9a-z]{26}$/;

function readAddress(): Address {
  const parts = location.pathname.split("/").filter((part) => part !== "");
  const [, first = "", ...others] = parts.map(decodeURIComponent);
  const isMerchants = MERCHANT.test(first);
  const [page = "", id = null] = isMerchants ? others : [first, ...others];
  const filters = new URLSearchParams(location.search);
  return { merchant: isMerchants ? first : null, page, id, filters };
}

export function pathOf(
  merchant: string | null,
  path: string,
  filters: Readonly<Record<string, string | null | undefined>> = {},
): string {
  const given = Object.entries(filters).filter(([, value]) => value != null && value !== "");
  const query = new URLSearchParams(given as [string, string][]).toString();
  const whole = ["/console", merchant, path]
    .filter((part) => part !== null && part !== "")
    .join("/");
  return query === "" ? whole : `${whole}?${query}`;
}

const MOVED = "oncepay-moved";

export function go(href: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  dispatchEvent(new Event(MOVED));
  if (!replace) scrollTo(0, 0);
}

export function useAddress(): Address {
  const [address, setAddress] = useState(readAddress);
  useEffect(() => {
    const read = (): void => {
      setAddress(readAddress());
    };
    addEventListener("popstate", read);
    addEventListener(MOVED, read);
    return () => {
      removeEventListener("popstate", read);
      removeEventListener(MOVED, read);
    };
  }, []);
  return address;
}

interface LinkProps {
  readonly to: string;
  readonly class?: string | undefined;
  readonly title?: string | undefined;
  readonly current?: boolean | undefined;
  /** What j and k go through. */
  readonly row?: boolean | undefined;
  readonly children: ComponentChildren;
}

/** A real link: it opens in a new tab, is copied and is bookmarked like any other. */
export function Link({ to, current, row, children, ...rest }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!isPlain || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a
      {...rest}
      href={to}
      onClick={follow}
      aria-current={current === true ? "page" : undefined}
      data-row={row === true ? "" : undefined}
    >
      {children}
    </a>
  );
}
