import { sqlState } from "../../src/db/errors";
import { newId, timePart } from "../../src/ids";
import { PAYMENT_INTENT_STATUSES, TRANSITIONS } from "../../src/payments/payment-intent";
import { dropExpired, makePartitions } from "../../src/db/retention";
import { type TestApp, startTestApp } from "../support/app";
import { aCapturedIntent, aConfirmedIntent, aMerchant, anIntent } from "../support/factories";

/** What the database refuses by itself, whatever the code above it does. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
  await aCapturedIntent(t, merchantId);
});
afterAll(() => t.stop());

async function stateOf(statement: string, bindings: readonly unknown[] = []): Promise<string> {
  try {
    await t.db.transaction(async (tx) => {
      await tx.raw(statement, bindings as string[]);
      throw new Error("allowed");
    });
  } catch (error) {
    return sqlState(error) ?? (error as Error).message;
  }
  return "allowed";
}

const RESTRICTED = "23001";
const CHECK_VIOLATION = "23514";
const FOREIGN_KEY = "23503";

describe("history", () => {
  it.each([
    "transitions",
    "events",
    "event_feed",
    "journals",
    "postings",
    "attempt_evidence",
    "seals",
    "balance_snapshots",
  ])("cannot be changed, deleted or emptied in %s, nor in a partition of it", async (table) => {
    const { rows } = await t.db.raw<{ rows: { name: string }[] }>(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = ?::regclass",
      [table],
    );
    for (const name of [table, ...rows.map((row) => row.name)]) {
      expect(await stateOf(`update ${name} set merchant_id = merchant_id`)).toBe(RESTRICTED);
      expect(await stateOf(`delete from ${name}`)).toBe(RESTRICTED);
      expect(await stateOf(`truncate ${name} cascade`)).toBe(RESTRICTED);
    }
  });

  it("keeps payment intents, too", async () => {
    expect(await stateOf("delete from payment_intents")).toBe(RESTRICTED);
    expect(await stateOf("truncate payment_intents cascade")).toBe(RESTRICTED);
  });
});

describe("payment intents", () => {
  const pairs = PAYMENT_INTENT_STATUSES.flatMap((from) =>
    PAYMENT_INTENT_STATUSES.map((to) => ({ from, to })),
  );

  it("move along the same edges as the table in the code, and along no other", async () => {
    const { rows } = await t.db.raw<{
      rows: { from: keyof typeof TRANSITIONS; to: string; may: boolean }[];
    }>(
      `select "from", "to", payment_intent_may_move("from", "to") as may
       from jsonb_to_recordset(?) as p ("from" text, "to" text)`,
      [JSON.stringify(pairs)],
    );
    expect(rows).toHaveLength(64);
    for (const { from, to, may } of rows) {
      expect({ from, to, may }).toEqual({
        from,
        to,
        may: TRANSITIONS[from].some((known) => known === to),
      });
    }
  });

  it("are refused every other move by the table itself", async () => {
    const { id } = await anIntent(t, merchantId);
    for (const { from, to } of pairs) {
      const legal = from === to || TRANSITIONS[from].includes(to);
      // Brought into a state by force, and then moved as the application would.
      const outcome = await stateOf(
        `do $$ begin
          set local session_replication_role = replica;
          update payment_intents set status = '${from}' where id = '${id}';
          set local session_replication_role = origin;
          update payment_intents set status = '${to}', version = version + 1 where id = '${id}';
        end $$`,
      );
      expect(`${from} to ${to}: ${outcome}`).toBe(
        `${from} to ${to}: ${legal ? "allowed" : CHECK_VIOLATION}`,
      );
    }
  });

  it("know only the statuses that the code knows", async () => {
    const { id } = await anIntent(t, merchantId);
    const change = "update payment_intents set status = 'PAID', version = version + 1 where id = ?";
    expect(await stateOf(change, [id])).toBe(CHECK_VIOLATION);
  });

  it.each([
    ["another amount with another status", "amount = amount + 1, status = 'PROCESSING'"],
    ["its currency", "currency = 'EUR'"],
    ["its key", "idempotency_key = 'another'"],
    ["an older version", "version = version - 1"],
    ["the version it has", "description = 'changed'"],
    ["more captured than authorised", "amount_captured = 1"],
    ["more being captured than authorised", "amount_capturing = 1"],
    ["more refunded than captured", "amount_refunding = 1"],
    ["more disputed than captured", "amount_disputed = 1"],
    ["more authorised than asked for", "amount_authorized = amount + 1"],
  ])("cannot get %s", async (_, set) => {
    const { id } = await anIntent(t, merchantId);
    const version =
      set.includes("version") || set.includes("description") ? "" : ", version = version + 1";
    const change = `update payment_intents set ${set}${version} where id = ?`;
    expect(await stateOf(change, [id])).toBe(CHECK_VIOLATION);
  });

  it("cannot get another amount once they are confirmed", async () => {
    const change =
      "update payment_intents set amount = amount + 1, version = version + 1 where id = ?";
    for (const { id } of [
      await aConfirmedIntent(t, merchantId),
      await aCapturedIntent(t, merchantId),
    ]) {
      expect(await stateOf(change, [id])).toBe(CHECK_VIOLATION);
    }
    const { id } = await anIntent(t, merchantId);
    expect(await stateOf(change, [id])).toBe("allowed");
  });

  it("cannot have two charges in flight", async () => {
    const { id } = await aConfirmedIntent(t, merchantId);
    const second = `insert into attempts (merchant_id, id, payment_intent_id, operation, status, processor, amount, currency)
      values (?, 'att_second', ?, 'charge', 'QUEUED', 'sandbox', 1, 'USD')`;
    expect(await stateOf(second, [merchantId, id])).toBe("23505");
    await t.drain();
  });
});

describe("the ledger", () => {
  const posting = `insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id, amount, currency, pending)
    values (?, ?, 9, ?, ?, ?, ?, true)`;

  async function given() {
    const [journal] = await t.db("journals").where({ merchant_id: merchantId }).limit(1);
    const accounts = await t.db("ledger_accounts").where({ merchant_id: merchantId });
    const idOf = (kind: string): string =>
      accounts.find((account) => account.kind === kind)?.id ?? "";
    const receivable = idOf("PROCESSOR_RECEIVABLE");
    return { journal: journal.id as string, receivable, balance: idOf("MERCHANT_BALANCE") };
  }

  it("refuses a posting in another currency than its accounts'", async () => {
    const { journal, receivable, balance } = await given();
    const bindings = [merchantId, journal, receivable, balance, 1];
    expect(await stateOf(posting, [...bindings, "USD"])).toBe("allowed");
    expect(await stateOf(posting, [...bindings, "EUR"])).toBe(FOREIGN_KEY);
  });

  it("refuses a posting between merchants, from an account to itself, or of nothing", async () => {
    const { journal, receivable, balance } = await given();
    const stranger = (await aMerchant(t)).id;
    expect(await stateOf(posting, [stranger, journal, receivable, balance, 1, "USD"])).toBe(
      FOREIGN_KEY,
    );
    const own = [merchantId, journal, receivable];
    expect(await stateOf(posting, [...own, receivable, 1, "USD"])).toBe(CHECK_VIOLATION);
    expect(await stateOf(posting, [...own, balance, 0, "USD"])).toBe(CHECK_VIOLATION);
    expect(await stateOf(posting, [...own, balance, -5, "USD"])).toBe(CHECK_VIOLATION);
  });

  it("books a fact once", async () => {
    const again = `insert into journals (merchant_id, id, kind, payment_intent_id, source_id)
      select merchant_id, 'jrn_again', kind, payment_intent_id, source_id from journals where merchant_id = ? limit 1`;
    expect(await stateOf(again, [merchantId])).toBe("23505");
  });
});

describe("tenants", () => {
  it.each(["captures", "refunds", "disputes", "attempts", "transitions", "journals"])(
    "cannot have another's intent in %s",
    async (table) => {
      const stranger = (await aMerchant(t)).id;
      const { rows } = await t.db.raw<{ rows: { definition: string }[] }>(
        `select pg_get_constraintdef(oid) as definition from pg_constraint where contype = 'f' and conrelid = ?::regclass`,
        [table],
      );
      expect(rows.map(({ definition }) => definition).join()).toContain(
        "(merchant_id, payment_intent_id) REFERENCES payment_intents(merchant_id, id)",
      );
      const [intent] = await t.db("payment_intents").where({ merchant_id: merchantId }).limit(1);
      if (table !== "captures") return;
      const insert = `insert into captures (merchant_id, id, payment_intent_id, status, amount, currency, final, idempotency_key)
        values (?, 'cap_x', ?, 'PENDING', 1, 'USD', true, 'x')`;
      expect(await stateOf(insert, [stranger, intent.id])).toBe(FOREIGN_KEY);
    },
  );
});

describe("partitions", () => {
  const partitionsOf = async (table: string): Promise<string[]> => {
    const { rows } = await t.db.raw<{ rows: { name: string }[] }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = ?::regclass order by 1`,
      [table],
    );
    return rows.map(({ name }) => name);
  };
  const monthAfter = (months: number): string => {
    const now = new Date();
    const at = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));
    return at.toISOString().slice(0, 7).replace("-", "_");
  };

  it.each([
    "events",
    "transitions",
    "webhook_deliveries",
    "webhook_delivery_attempts",
    "idempotency_keys",
    "audit_log",
  ])("of %s are there for this month and three more", async (table) => {
    const months = [0, 1, 2, 3].map((n) => `${table}_${monthAfter(n)}`);
    expect(await partitionsOf(table)).toEqual([...months, `${table}_default`].sort());
  });

  it("take today's rows, so that the default ones stay empty", async () => {
    for (const table of [
      "events",
      "transitions",
      "webhook_deliveries",
      "webhook_delivery_attempts",
      "idempotency_keys",
      "audit_log",
    ]) {
      const { rows } = await t.db.raw(`select 1 from ${table}_default limit 1`);
      expect(rows).toEqual([]);
    }
  });

  it("begin where the first id of their month does", async () => {
    for (const at of [
      "2026-12-01T00:00:00.000Z",
      "2027-01-01T00:00:00.000Z",
      "1999-12-31T23:59:59.999Z",
    ]) {
      const { rows } = await t.db.raw("select id_floor('evt', ?::timestamptz) as floor", [at]);
      expect(rows).toEqual([{ floor: `evt_${timePart(Date.parse(at))}` }]);
      expect(newId("event", Date.parse(at)) >= rows[0].floor).toBe(true);
      expect(newId("event", Date.parse(at) - 1) < rows[0].floor).toBe(true);
    }
  });

  it("are made again when they are missing, by several at once", async () => {
    const name = `webhook_deliveries_${monthAfter(3)}`;
    await t.db.raw(`drop table ${name}`);
    await Promise.all([makePartitions(t.db), makePartitions(t.db), makePartitions(t.db)]);
    expect(await partitionsOf("webhook_deliveries")).toContain(name);
  });

  it("of expired keys are dropped, and none that is still needed", async () => {
    for (const months of [-3, -2, -1]) {
      const from = monthAfter(months).replace("_", "-");
      const to = monthAfter(months + 1).replace("_", "-");
      await t.db.raw(
        `create table idempotency_keys_${monthAfter(months)} partition of idempotency_keys for values from ('${from}-01') to ('${to}-01')`,
      );
    }
    const dropped = await dropExpired(t.db, {
      idempotencyRetentionDays: 40,
      auditRetentionDays: 400,
      webhookRetentionDays: 90,
    });
    expect(dropped).toContain(`idempotency_keys_${monthAfter(-3)}`);
    expect(dropped).not.toContain(`idempotency_keys_${monthAfter(-1)}`);
    expect(await partitionsOf("idempotency_keys")).toContain(`idempotency_keys_${monthAfter(0)}`);
  });
});
