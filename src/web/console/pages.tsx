import type { JSX } from "preact";
import { Audit } from "./pages/audit";
import { BreakPage } from "./pages/break";
import { Breaks } from "./pages/breaks";
import { DeadLetters } from "./pages/dead-letters";
import { Deliveries } from "./pages/deliveries";
import { DeliveryPage } from "./pages/delivery";
import { EndpointPage, Endpoints } from "./pages/endpoints";
import { EventPage } from "./pages/event";
import { AccountPage, Ledger } from "./pages/ledger";
import { Overview } from "./pages/overview";
import { PaymentPage } from "./pages/payment";
import { Payments } from "./pages/payments";
import { PlanPage, Plans } from "./pages/plans";
import { Unknown } from "./pages/unknown";

interface MenuEntry {
  readonly path: string;
  readonly name: string;
  /** After g. */
  readonly letter: string;
  readonly scope?: string;
  /** Pages that are found from here. */
  readonly within?: readonly string[];
  /** It is there without a merchant, too: for the whole installation. */
  readonly ofAll?: true;
}

export const PAGES: readonly MenuEntry[] = [
  { path: "", name: "Overview", letter: "o", ofAll: true },
  { path: "payments", name: "Payments", letter: "p", scope: "payments:read" },
  { path: "unknown", name: "Unknown", letter: "u", scope: "operations:read" },
  { path: "dead-letters", name: "Dead letters", letter: "d", scope: "webhooks:read" },
  { path: "plans", name: "Replay plans", letter: "r", scope: "webhooks:read" },
  {
    path: "deliveries",
    name: "Deliveries",
    letter: "w",
    scope: "webhooks:read",
    within: ["events"],
  },
  { path: "endpoints", name: "Endpoints", letter: "e", scope: "webhooks:read" },
  { path: "breaks", name: "Breaks", letter: "b", scope: "operations:read", ofAll: true },
  { path: "ledger", name: "Ledger", letter: "l", scope: "ledger:read" },
  { path: "audit", name: "Audit", letter: "a", scope: "audit:read", ofAll: true },
];

const LISTS: Readonly<Record<string, () => JSX.Element>> = {
  "": Overview,
  payments: Payments,
  unknown: Unknown,
  "dead-letters": DeadLetters,
  plans: Plans,
  deliveries: Deliveries,
  endpoints: Endpoints,
  breaks: Breaks,
  ledger: Ledger,
  audit: Audit,
};

const SINGLE: Readonly<Record<string, (props: { id: string }) => JSX.Element>> = {
  payments: PaymentPage,
  plans: PlanPage,
  deliveries: DeliveryPage,
  events: EventPage,
  endpoints: EndpointPage,
  breaks: BreakPage,
  ledger: AccountPage,
};

interface Shown {
  readonly title: string;
  readonly element: JSX.Element;
}

/** Undefined: there is no such page. */
export function pageFor(
  page: string,
  id: string | null,
  merchant: string | null,
): Shown | undefined {
  const entry = PAGES.find(({ path }) => path === page);
  const title = id ?? entry?.name ?? page;
  // Whatever is not of the whole installation is a merchant's.
  if (merchant === null && entry?.ofAll !== true) {
    return { title, element: <p class="empty">Choose a merchant first: paste its id above.</p> };
  }
  if (id !== null) {
    const Page = SINGLE[page];
    return Page && { title, element: <Page id={id} /> };
  }
  const Page = LISTS[page];
  return Page && { title, element: <Page /> };
}
