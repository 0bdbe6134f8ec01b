import type { Db } from "../../../src/db/db";
import { timePart } from "../../../src/ids";
import { createPaymentIntents } from "../../../src/payments/create-payment-intent";

/**
 * The product's own create statement for one payment, as a plain statement without JSON: the ceiling is what the
 * database does with that, asked by a client that does nothing else.
 */
export interface SingleStatement {
  /** Made for a merchant; its only parameter is the number of the client, which keeps ids apart. */
  textFor(merchantId: string, clientParameter: string): string;
}

const SOURCE = /select \* from jsonb_to_recordset\(\?\) as c \(([^)]*)\)/;

export async function singleCreateStatement(): Promise<SingleStatement> {
  const { text, row } = await recordStatement();
  const columns = SOURCE.exec(text)?.[1];
  if (columns === undefined) {
    throw new Error("The create statement takes its commands in another way now: adapt the bench.");
  }
  return {
    textFor: (merchantId, clientParameter) => {
      const made = madeInSql(merchantId, clientParameter);
      const values = columns.split(",").map((column) => {
        const [name = "", type = ""] = column.trim().split(/\s+/);
        const value = made[name] ?? literal(row[name]);
        return `${value}::${type} as ${name}`;
      });
      return text.replace(SOURCE, () => `select ${values.join(", ")}`);
    },
  };
}

/** What the product would send for one command, told by a database that only listens. */
async function recordStatement(): Promise<{ text: string; row: Record<string, unknown> }> {
  const sent: { text: string; bindings: readonly unknown[] }[] = [];
  const listening = {
    client: { pool: {} },
    raw: (text: string, bindings: readonly unknown[]) => {
      sent.push({ text, bindings });
      const none = Promise.resolve({ rows: [] });
      return { options: () => Object.assign(none, { on: () => none }) };
    },
  };
  await createPaymentIntents(listening as unknown as Db, [
    {
      merchantId: "",
      actor: "key_bench",
      key: "",
      fingerprint: "00".repeat(32),
      amount: 2_599,
      currency: "USD",
      captureMethod: "AUTOMATIC",
      paymentMethod: "pm_card_visa",
      description: null,
      customer: null,
      merchantReference: "order-2026-0001",
      uniqueReference: false,
      metadata: { cart: "a1b2c3" },
    },
  ]);
  const first = sent[0];
  if (!first) throw new Error("The product sent no statement.");
  const [row] = JSON.parse(String(first.bindings[0])) as Record<string, unknown>[];
  return { text: first.text, row: row ?? {} };
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return "null";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `'${text.replaceAll("'", "''")}'`;
}

/** Keys at random; ids that grow, as the product's do, so that indexes grow at their end. */
function madeInSql(merchantId: string, clientParameter: string): Record<string, string> {
  const moment = timePart(Date.now());
  const micros = "lpad(to_hex((extract(epoch from clock_timestamp()) * 1000000)::bigint), 13, '0')";
  const client = `lpad(to_hex(${clientParameter}::int), 2, '0')`;
  const id = (prefix: string): string =>
    `('${prefix}_${moment}' || ${micros} || ${client} || to_hex(floor(random() * 16)::int))`;
  return {
    merchant_id: literal(merchantId),
    key: "gen_random_uuid()",
    id: id("pi"),
    event_id: id("evt"),
  };
}
