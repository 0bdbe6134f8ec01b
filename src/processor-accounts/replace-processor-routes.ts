import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import { Failure } from "../failures";
import { fingerprint } from "../idempotency/fingerprint";
import { type Changer, keepChange } from "../idempotency/change-once";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import { lockMerchant } from "../merchants/merchant-store";
import { findAccounts } from "./account-store";
import { PROCESSOR_CHANGES } from "./change-account-once";
import { type Route, ROUTES_MAX } from "./route";

/*
 * Guarantees: a merchant's rules are replaced as a whole, in one commit: whoever confirms a payment sees those before or
 * those after, and of two replacements at the same time the later one's are left. The last rule asks for nothing, so
 * every payment has an account. Where a payment goes is kept with its attempt; new rules are for new payments.
 *
 * Cost: what `once` costs, and five round trips, however many rules there are.
 */

export interface ReplaceProcessorRoutes {
  readonly merchantId: string;
  readonly key: string;
  readonly routes: readonly Route[];
  readonly audit?: AuditedWrite | undefined;
}

export interface Routing {
  readonly routes: readonly Route[];
}

const NAME = "replaceProcessorRoutes";

const FIND_CHANGE: Statement = {
  name: "find_processor_routes_change",
  text: `
    select encode(c.fingerprint, 'hex') as "fingerprint", iso(c.created_at) as "firstSeenAt"
    from processor_changes c
    where c.merchant_id = ? and c.operation = ? and c.idempotency_key = ?`,
};

export const replaceRoutesOperation: KeyedOperation<Routing> = {
  name: NAME,
  findMade: async (db, merchantId, key) => {
    const bindings = [merchantId, NAME, key];
    type Row = { readonly fingerprint: string; readonly firstSeenAt: string };
    const [kept] = await run<Row>(db, FIND_CHANGE, bindings);
    return kept && { ...kept, result: { routes: await listRoutes(db, merchantId) } };
  },
  spentKey: PROCESSOR_CHANGES.spentKey,
};

const LIST: Statement = {
  name: "list_processor_routes",
  text: `
    select t.currency as "currency", t.amount_from as "minAmount", t.amount_to as "maxAmount",
      t.capture_method as "captureMethod", t.account_id as "processorAccountId"
    from processor_routes t where t.merchant_id = ? order by t.position`,
};

/** In the order in which they count. */
export async function listRoutes(db: Db, merchantId: string): Promise<Route[]> {
  return run<Route>(db, LIST, [merchantId]);
}

const DELETE: Statement = {
  name: "delete_processor_routes",
  text: "delete from processor_routes where merchant_id = ?",
};

const INSERT: Statement = {
  name: "insert_processor_routes",
  text: `
    insert into processor_routes (merchant_id, position, currency, amount_from, amount_to,
      capture_method, account_id)
    select ?, r.position, r.currency, r.amount_from, r.amount_to, r.capture_method, r.account_id
    from jsonb_to_recordset(?) as r (position int, currency text, amount_from bigint,
      amount_to bigint, capture_method text, account_id text)`,
};

export async function replaceProcessorRoutes(
  { db, replays }: Changer,
  { merchantId, key, routes, audit }: ReplaceProcessorRoutes,
): Promise<Outcome<Routing>> {
  checkRoutes(routes);
  const print = fingerprint(NAME, { routes }).toString("hex");
  const request = { merchantId, key, fingerprint: print, audit, replays };
  return once<Routing>(db, request, {
    operation: replaceRoutesOperation,
    execute: async (tx) => {
      await lockMerchant(tx, merchantId);
      await checkAccounts(tx, merchantId, routes);
      const before = (await listRoutes(tx, merchantId)).length;
      await run(tx, DELETE, [merchantId]);
      await run(tx, INSERT, [merchantId, JSON.stringify(routes.map(toRow))]);
      await keepChange(tx, PROCESSOR_CHANGES, {
        merchantId,
        operation: NAME,
        key,
        id: null,
        fingerprint: print,
      });
      const audited = { before: { routes: before }, after: { routes: routes.length } };
      return { result: { routes }, audited };
    },
    isSame: (made) => made.fingerprint === print,
  });
}

function toRow(route: Route, index: number) {
  return {
    position: index + 1,
    currency: route.currency,
    amount_from: route.minAmount,
    amount_to: route.maxAmount,
    capture_method: route.captureMethod,
    account_id: route.processorAccountId,
  };
}

function checkRoutes(routes: readonly Route[]): void {
  const last = routes.at(-1);
  if (!last) return;
  if (routes.length > ROUTES_MAX) {
    throw refused("routes", `There may be ${String(ROUTES_MAX)} routes at most.`);
  }
  const { processorAccountId: _anywhere, ...asked } = last;
  if (Object.values(asked).some((value) => value !== null)) {
    const place = `routes.${String(routes.length - 1)}`;
    throw refused(place, "The last route must ask for nothing, so that every payment has one.");
  }
  routes.forEach(({ minAmount, maxAmount }, index) => {
    if (minAmount === null || maxAmount === null || minAmount <= maxAmount) return;
    const place = `routes.${String(index)}.maxAmount`;
    throw refused(place, "This must not be below minAmount.");
  });
}

/** Another tenant's are as unknown as those that do not exist. */
async function checkAccounts(tx: Tx, merchantId: string, routes: readonly Route[]): Promise<void> {
  const ids = [...new Set(routes.flatMap((route) => route.processorAccountId ?? []))];
  const found = new Set((await findAccounts(tx, merchantId, ids)).map(({ id }) => id));
  const unknown = routes.findIndex(({ processorAccountId: id }) => id !== null && !found.has(id));
  if (unknown === -1) return;
  const place = `routes.${String(unknown)}.processorAccountId`;
  throw refused(place, "There is no such processor account.");
}

function refused(place: string, message: string): Failure {
  return new Failure("BAD_USER_INPUT", message, { field: `input.${place}` });
}
