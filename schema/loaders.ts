import DataLoader from "dataloader";
import type { Db } from "../src/db/db";
import { type Event, findEvents } from "../src/events/event-store";
import type { Attempt } from "../src/payments/attempt";
import { findAttempts, findAttemptsOf } from "../src/payments/attempt-store";
import type { Capture, PaymentIntent, Refund } from "../src/payments/payment-intent";
import {
  type TransitionRecord,
  findCaptures,
  findIntents,
  findParts,
  findRefunds,
  findTransitions,
} from "../src/payments/payment-store";

/** Of one tenant and for one request: what a list's items need is fetched with one statement for all of them. */
export interface Loaders {
  readonly intent: DataLoader<string, PaymentIntent | undefined>;
  readonly attempt: DataLoader<string, Attempt | undefined>;
  readonly capture: DataLoader<string, Capture | undefined>;
  readonly refund: DataLoader<string, Refund | undefined>;
  readonly event: DataLoader<string, Event | undefined>;
  readonly attemptsOf: DataLoader<string, Attempt[]>;
  readonly capturesOf: DataLoader<string, Capture[]>;
  readonly refundsOf: DataLoader<string, Refund[]>;
  readonly transitionsOf: DataLoader<string, TransitionRecord[]>;
}

// What one statement is asked for at most: a page of 100 intents is one set.
const SET_SIZE_MAX = 500;

export function createLoaders(db: Db, merchantId: string): Loaders {
  const lists = <Part>(find: (ids: readonly string[]) => Promise<Part[][]>) =>
    new DataLoader<string, Part[]>(find, { maxBatchSize: SET_SIZE_MAX });
  return {
    intent: byId((ids) => findIntents(db, merchantId, ids)),
    attempt: byId((ids) => findAttempts(db, merchantId, ids)),
    capture: byId((ids) => findCaptures(db, merchantId, ids)),
    refund: byId((ids) => findRefunds(db, merchantId, ids)),
    event: byId((ids) => findEvents(db, merchantId, ids)),
    attemptsOf: lists((ids) => findAttemptsOf(db, merchantId, ids)),
    capturesOf: lists((paymentIntentIds) =>
      findParts<Capture>(db, "captures", { merchantId, paymentIntentIds }),
    ),
    refundsOf: lists((paymentIntentIds) =>
      findParts<Refund>(db, "refunds", { merchantId, paymentIntentIds }),
    ),
    transitionsOf: lists((ids) => findTransitions(db, merchantId, ids)),
  };
}

function byId<Found extends { readonly id: string }>(
  find: (ids: readonly string[]) => Promise<Found[]>,
): DataLoader<string, Found | undefined> {
  return new DataLoader<string, Found | undefined>(
    async (ids) => {
      const found = new Map((await find(ids)).map((object) => [object.id, object]));
      return ids.map((id) => found.get(id));
    },
    { maxBatchSize: SET_SIZE_MAX },
  );
}
