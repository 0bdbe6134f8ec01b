import type Stripe from "stripe";
import {
  type Bank,
  cancelIntent,
  captureIntent,
  confirmIntent,
  createIntent,
  createRefund,
  getIntent,
  secondsOf,
} from "./bank";
import { invalid } from "./error";
import { newAccount, newBalance } from "./objects";
import type { ParamType, Params } from "./params";

/** What a request asks for: which parameters it may have, what it locks, and what it does. */
export interface Route {
  readonly params: ParamType | null;
  readonly locks: string | null;
  /** Whether faults and latency are for it: it may move money. */
  readonly moves: boolean;
  readonly run: (params: Params, key: string | null) => object;
}

export interface Account {
  readonly id: string;
  readonly livemode: boolean;
  readonly bank: Bank;
}

const INTENT = /^\/v1\/payment_intents\/(?<id>[^/]+)(?:\/(?<what>confirm|capture|cancel))?$/;

export function routeOf(account: Account, method: string, path: string): Route | undefined {
  const { bank } = account;
  const read = (run: Route["run"], params: ParamType | null = null): Route => {
    return { params, locks: null, moves: false, run };
  };
  switch (`${method} ${path}`) {
    case "POST /v1/payment_intents":
      return {
        ...read((params) => createIntent(bank, params), "PaymentIntentCreateParams"),
      };
    case "POST /v1/refunds":
      return {
        params: "RefundCreateParams",
        locks: null,
        moves: true,
        run: (params, key) => createRefund(bank, params, key),
      };
    case "GET /v1/refunds":
      return read((params) => {
        const refunds = [...bank.refunds.values()].reverse();
        const ofIntent = refunds.filter((r) => r.payment_intent === params["payment_intent"]);
        return listed(ofIntent, params, path);
      }, "RefundListParams");
    case "GET /v1/balance_transactions":
      return read((params) => listed(linesOf(bank, params), params, path), BALANCE);
    case "GET /v1/events":
      return read((params) => listed(eventsOf(bank, params), params, path), "EventListParams");
    case "GET /v1/payouts":
      return read((params) => listed(payoutsOf(bank, params), params, path), "PayoutListParams");
    case "GET /v1/account":
      return read(() => newAccount(account.id));
    case "GET /v1/balance":
      return read(() => newBalance(account.livemode));
    default:
      return (
        ofIntent(bank, method, INTENT.exec(path)?.groups) ??
        ofOther(bank, method, OTHER.exec(path)?.groups)
      );
  }
}

const OTHER = /^\/v1\/(?<what>refunds|disputes)\/(?<id>[^/]+)$/;

function ofOther(
  bank: Bank,
  method: string,
  named: Readonly<Record<string, string | undefined>> | undefined,
): Route | undefined {
  const { what, id = "" } = named ?? {};
  if (method !== "GET" || what === undefined) return undefined;
  const run = (): object => {
    const found = what === "refunds" ? bank.refunds.get(id) : bank.disputes.get(id);
    if (!found) throw invalid(`Nothing is called ${id}.`, "resource_missing", 404);
    return found;
  };
  const params = what === "refunds" ? "RefundRetrieveParams" : "DisputeRetrieveParams";
  return { params, locks: null, moves: false, run };
}

const EVENTS_KEPT_S = 30 * 86_400;

/** Of thirty days, newest first. */
function eventsOf(bank: Bank, params: Params): Stripe.Event[] {
  const { gte = 0, lte = Infinity } = (params["created"] ?? {}) as { gte?: number; lte?: number };
  const { types, starting_after: after } = params as { types?: string[]; starting_after?: string };
  if ((types?.length ?? 0) > 20) throw invalid("There are more than 20 types.");
  const from = Math.max(gte, secondsOf(bank) - EVENTS_KEPT_S);
  const kept = bank.events.filter(({ created }) => created >= from);
  if (after !== undefined && !kept.some(({ id }) => id === after)) {
    throw invalid(`No such event: '${after}'`, "resource_missing");
  }
  const listed = kept.filter(
    ({ type, created }) => created <= lte && (types?.includes(type) ?? true),
  );
  // Those of one second in the order in which they were made.
  return listed.reverse().sort((a, b) => b.created - a.created);
}

const BALANCE = "BalanceTransactionListParams";

function ofIntent(
  bank: Bank,
  method: string,
  named: Readonly<Record<string, string | undefined>> | undefined,
): Route | undefined {
  const { id = "", what } = named ?? {};
  if (method === "GET" && id !== "" && what === undefined) {
    const run = (): object => getIntent(bank, id);
    return { params: "PaymentIntentRetrieveParams", locks: null, moves: false, run };
  }
  if (method !== "POST") return undefined;
  const changing = (
    params: ParamType,
    change: (intent: Stripe.PaymentIntent, params: Params, key: string | null) => void,
  ): Route => ({
    params,
    locks: id,
    moves: what !== "cancel",
    run: (given, key) => {
      const intent = getIntent(bank, id);
      change(intent, given, key);
      return intent;
    },
  });
  switch (what ?? "") {
    case "confirm":
      return changing("PaymentIntentConfirmParams", (intent, params, key) => {
        confirmIntent(bank, intent, params, key);
      });
    case "capture":
      return changing("PaymentIntentCaptureParams", (intent, params, key) => {
        captureIntent(bank, intent, params, key);
      });
    case "cancel":
      return changing("PaymentIntentCancelParams", (intent, _params, key) => {
        cancelIntent(bank, intent, key);
      });
    default:
      return undefined;
  }
}

function linesOf(bank: Bank, params: Params): Stripe.BalanceTransaction[] {
  const { payout } = params;
  const ofPayout = ({ id }: Named): boolean =>
    payout === undefined || bank.paidOut.get(id) === payout;
  return bank.lines.filter((line) => isWithin(line, params) && ofPayout(line)).reverse();
}

function payoutsOf(bank: Bank, params: Params): Stripe.Payout[] {
  return [...bank.payouts.values()].filter((payout) => isWithin(payout, params)).reverse();
}

function isWithin({ created }: { readonly created: number }, params: Params): boolean {
  const { gte = 0, lte = Infinity } = (params["created"] ?? {}) as { gte?: number; lte?: number };
  return created >= gte && created <= lte;
}

interface Named {
  readonly id: string;
}

function listed<Item extends Named>(
  all: readonly Item[],
  params: Params,
  url: string,
): Stripe.ApiList<Item> {
  const { limit = 10, starting_after: after } = params as {
    limit?: number;
    starting_after?: string;
  };
  if (limit > 100) throw invalid("The limit is above 100.", "parameter_invalid_integer");
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const data = all.slice(from, from + limit);
  return { object: "list", data, has_more: from + limit < all.length, url };
}

/** A copy, with what was asked for in the place of its id: `latest_charge.balance_transaction`, `data.source`. */
export function expanded(bank: Bank, object: object, paths: readonly string[]): object {
  const copy = structuredClone(object);
  for (const path of paths) expandAt(bank, copy as Record<string, unknown>, path.split("."));
  return copy;
}

function expandAt(bank: Bank, at: Record<string, unknown>, [name = "", ...rest]: string[]): void {
  if (!(name in at)) throw invalid(`This property cannot be expanded (${name}).`);
  const value = at[name];
  const inner = typeof value === "string" ? structuredClone(find(bank, value)) : value;
  at[name] = inner;
  if (rest.length === 0 || typeof inner !== "object" || inner === null) return;
  for (const item of [inner].flat()) expandAt(bank, item as Record<string, unknown>, rest);
}

function find(bank: Bank, id: string): object {
  const found =
    bank.charges.get(id) ??
    bank.refunds.get(id) ??
    bank.disputes.get(id) ??
    bank.payouts.get(id) ??
    bank.lines.find((line) => line.id === id);
  if (!found) throw invalid(`Nothing is called ${id}.`, "resource_missing");
  return found;
}
