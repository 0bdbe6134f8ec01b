import DataLoader from "dataloader";
import type { Db } from "../src/db/db";
import type { Erasure } from "../src/erasure/erasure";
import { findErasures } from "../src/erasure/erasure-store";
import { type Event, findEvents } from "../src/events/event-store";
import { type LedgerAccount, findAccounts } from "../src/ledger/account-store";
import { type Sums, sumsOf } from "../src/ledger/balance-store";
import type { Page, PageArguments, PageRequest } from "../src/pagination";
import type { Attempt } from "../src/payments/attempt";
import { findAttempts } from "../src/payments/attempt-store";
import type { Dispute } from "../src/payments/dispute";
import { findPayouts } from "../src/payouts/list-payouts";
import type { Payout } from "../src/payouts/payout";
import { findDisputes } from "../src/payments/dispute-store";
import { type Evidence, findEvidence } from "../src/payments/evidence-store";
import {
  type PartKey,
  type PartKind,
  type Parts,
  findParts,
  readParts,
} from "../src/payments/list-parts";
import type { ProcessorAccount } from "../src/processor-accounts/account";
import { findAccounts as findProcessorAccounts } from "../src/processor-accounts/account-store";
import type { Break } from "../src/reconciliation/break";
import { findBreaks } from "../src/reconciliation/break-store";
import { findIntentsTogether } from "../src/payments/find-intents-together";
import type { Capture, PaymentIntent, Refund } from "../src/payments/payment-intent";
import { findCaptures, findRefunds } from "../src/payments/payment-store";
import { type TimelineEdge, type TimelineRequest, readTimelines } from "../src/payments/timeline";
import type { DeliveryAttempt, WebhookDelivery, WebhookEndpoint } from "../src/webhooks/delivery";
import { findOldestDueOf } from "../src/webhooks/find-due";
import { findDeliveryAttempts } from "../src/webhooks/list-attempts";
import { type EndpointHealth, findEndpointHealth } from "../src/webhooks/read-endpoint-hours";
import { type ApiKey, findApiKeys } from "../src/merchants/api-key-store";
import { type Merchant, findMerchant } from "../src/merchants/merchant-store";
import type { ReplayPlan } from "../src/webhooks/replay-plan";
import { findReplayPlans } from "../src/webhooks/replay-plan-store";
import { findDeliveries, findEndpoints } from "../src/webhooks/list-deliveries";

/** For one tenant and one request: what a list's items need is fetched with one statement for all of them. */
export interface Loaders {
  readonly intent: DataLoader<string, PaymentIntent | undefined>;
  readonly attempt: DataLoader<string, Attempt | undefined>;
  readonly capture: DataLoader<string, Capture | undefined>;
  readonly refund: DataLoader<string, Refund | undefined>;
  readonly dispute: DataLoader<string, Dispute | undefined>;
  readonly payout: DataLoader<string, Payout | undefined>;
  readonly event: DataLoader<string, Event | undefined>;
  readonly ledgerAccount: DataLoader<string, LedgerAccount | undefined>;
  readonly endpoint: DataLoader<string, WebhookEndpoint | undefined>;
  readonly delivery: DataLoader<string, WebhookDelivery | undefined>;
  readonly replayPlan: DataLoader<string, ReplayPlan | undefined>;
  readonly reconciliationBreak: DataLoader<string, Break | undefined>;
  readonly merchant: DataLoader<string, Merchant | undefined>;
  readonly erasure: DataLoader<string, Erasure | undefined>;
  readonly apiKey: DataLoader<string, ApiKey | undefined>;
  readonly processorAccount: DataLoader<string, ProcessorAccount | undefined>;
  readonly evidenceOf: DataLoader<string, Evidence[]>;
  readonly healthOfEndpoint: DataLoader<string, EndpointHealth | undefined>;
  readonly oldestDueOf: DataLoader<string, string | null>;
  /** The latest tries of a delivery. */
  readonly attemptsOfDelivery: DataLoader<string, DeliveryAttempt[]>;
  /** A page of what has happened to a payment intent. */
  readonly timelineOf: DataLoader<PageOf<TimelineRequest>, TimelineEdge[], string>;
  /** The sums of a ledger account, which both of its balances are made of. */
  readonly sumsOf: DataLoader<AccountMoment, Sums, string>;
  /** A page of what belongs to a payment intent. */
  readonly partsOf: <Kind extends PartKind>(
    kind: Kind,
    paymentIntentId: string,
    page: PageArguments,
  ) => Promise<Page<Parts[Kind]>>;
}

// The most that one statement is asked for: a page of 100 intents is one set.
const SET_SIZE_MAX = 500;

/** How each is made, for a tenant. */
const MADE: { readonly [Name in keyof Loaders]: (db: Db, merchantId: string) => Loaders[Name] } = {
  intent: byId(findIntentsTogether),
  attempt: byId(findAttempts),
  capture: byId(findCaptures),
  refund: byId(findRefunds),
  dispute: byId(findDisputes),
  payout: byId(findPayouts),
  event: byId(findEvents),
  ledgerAccount: byId(findAccounts),
  endpoint: byId(findEndpoints),
  delivery: byId(findDeliveries),
  replayPlan: byId(findReplayPlans),
  reconciliationBreak: byId(findBreaks),
  erasure: byId(findErasures),
  // There is only one that this tenant may see: itself.
  merchant: (db, merchantId) =>
    new DataLoader((ids) =>
      Promise.all(
        ids.map((id) => (id === merchantId ? findMerchant(db, id) : Promise.resolve(undefined))),
      ),
    ),
  apiKey: byId(findApiKeys),
  processorAccount: byId(findProcessorAccounts),
  evidenceOf: (db, merchantId) =>
    new DataLoader((ids) => findEvidence(db, merchantId, ids), { maxBatchSize: SET_SIZE_MAX }),
  healthOfEndpoint: (db, merchantId) =>
    new DataLoader((ids) => findEndpointHealth(db, merchantId, ids)),
  oldestDueOf: (db, merchantId) => new DataLoader((ids) => findOldestDueOf(db, merchantId, ids)),
  attemptsOfDelivery: (db, merchantId) =>
    new DataLoader((ids) => findDeliveryAttempts(db, merchantId, ids), {
      maxBatchSize: SET_SIZE_MAX,
    }),
  timelineOf: (db, merchantId) =>
    bySamePage((ids, request) => readTimelines(db, merchantId, { ids, request })),
  // Each account's sums are a statement: it reads its own snapshot and the postings since.
  sumsOf: (db, merchantId) =>
    new DataLoader(
      (asked) => Promise.all(asked.map((account) => sumsOf(db, merchantId, account))),
      { cacheKeyFn: ({ id, asOf }) => `${id} ${asOf ?? ""}` },
    ),
  partsOf: (db, merchantId) => {
    const pages = new Map<PartKind, PageLoader<PartKind>>();
    return (kind, id, page) => {
      const known = pages.get(kind) as PageLoader<typeof kind> | undefined;
      const loader = known ?? pagesOf(db, merchantId, kind);
      if (!known) pages.set(kind, loader);
      return readParts(kind, page, (request) => loader.load({ id, request }));
    };
  },
};

interface Tenant {
  db: Db;
  merchantId: string;
}

/** Makes a loader when it is first asked for. */
const LAZY = Object.defineProperties(
  {},
  Object.fromEntries(
    Object.entries(MADE).map(([name, make]) => {
      const get = function (this: Tenant): unknown {
        const value: unknown = make(this.db, this.merchantId);
        Object.defineProperty(this, name, { value });
        return value;
      };
      return [name, { get }];
    }),
  ),
);

/** Most requests need one of them: all of them were a sixth of what a query allocated. */
export function createLoaders(db: Db, merchantId: string): Loaders {
  const loaders = Object.create(LAZY) as Loaders & Tenant;
  loaders.db = db;
  loaders.merchantId = merchantId;
  return loaders;
}

interface AccountMoment {
  readonly id: string;
  readonly asOf: string | null | undefined;
}

interface PageOf<Request> {
  readonly id: string;
  readonly request: Request;
}

type PageLoader<Kind extends PartKind> = DataLoader<
  PageOf<PageRequest<PartKey>>,
  Parts[Kind][],
  string
>;

function pagesOf<Kind extends PartKind>(db: Db, merchantId: string, kind: Kind): PageLoader<Kind> {
  return bySamePage((paymentIntentIds, request) =>
    findParts(db, kind, { merchantId, paymentIntentIds, request }),
  );
}

/** One statement for all intents of which the same page is asked for. */
function bySamePage<Request, Found>(
  find: (ids: readonly string[], request: Request) => Promise<Found[][]>,
): DataLoader<PageOf<Request>, Found[], string> {
  return new DataLoader<PageOf<Request>, Found[], string>(
    async (asked) => {
      const sets = new Map<string, PageOf<Request>[]>();
      for (const page of asked) {
        const name = JSON.stringify(page.request);
        sets.set(name, [...(sets.get(name) ?? []), page]);
      }
      const found = new Map<PageOf<Request>, Found[]>();
      for (const set of sets.values()) {
        const [first] = set;
        if (!first) continue;
        const pages = await find(
          set.map(({ id }) => id),
          first.request,
        );
        set.forEach((page, index) => found.set(page, pages[index] ?? []));
      }
      return asked.map((page) => found.get(page) ?? []);
    },
    { maxBatchSize: SET_SIZE_MAX, cacheKeyFn: ({ id, request }) => id + JSON.stringify(request) },
  );
}

function byId<Found extends { readonly id: string }>(
  find: (db: Db, merchantId: string, ids: readonly string[]) => Promise<readonly Found[]>,
): (db: Db, merchantId: string) => DataLoader<string, Found | undefined> {
  return (db, merchantId) =>
    new DataLoader<string, Found | undefined>(
      async (ids) => {
        const objects = await find(db, merchantId, ids);
        const found = new Map(objects.map((object) => [object.id, object]));
        return ids.map((id) => found.get(id));
      },
      { maxBatchSize: SET_SIZE_MAX },
    );
}
