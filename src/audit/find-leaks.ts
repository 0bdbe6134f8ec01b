import { containsCardNumber } from "../security/card-numbers";
import type { Tx } from "../db/db";
import type { Violation } from "./check";

// Where what people and machines wrote ends up, and from where it is shown again or sent on.
const PLACES: readonly { readonly table: string; readonly id: string; readonly text: string }[] = [
  { table: "events", id: "id", text: "object::text" },
  { table: "webhook_deliveries", id: "id", text: "json_build_array(error, response_body)::text" },
  {
    table: "attempts",
    id: "id",
    text: "json_build_array(payment_method, return_url, code, decline_code, message, idempotency_key)::text",
  },
  {
    table: "idempotency_keys",
    id: "operation || ' of ' || merchant_id",
    text: "json_build_array(key, failure_details, result, beside)::text",
  },
  {
    table: "payment_intents",
    id: "id",
    text: "json_build_array(payment_method, description, customer, merchant_reference, metadata, last_payment_error)::text",
  },
  { table: "captures", id: "id", text: "json_build_array(failure_code, idempotency_key)::text" },
  {
    table: "audit_log",
    id: "id",
    text: "json_build_array(operation, actor_hint, address, request_id, subject_id, idempotency_key, details)::text",
  },
  {
    table: "refunds",
    id: "id",
    text: "json_build_array(metadata, failure_code, idempotency_key)::text",
  },
];

const SECRET = /whsec_[A-Za-z0-9+/]{24}|\b(?:sk|pk|rk|ok)_[0-9a-hjkmnp-tv-z]{26}_[0-9A-Za-z]{40}/;
// What Postgres looks for: the same secrets, and as many digits in a row as the shortest card number has.
const SUSPICIOUS =
  "whsec_[A-Za-z0-9+/]{24}|(sk|pk|rk|ok)_[0-9a-hjkmnp-tv-z]{26}_[0-9A-Za-z]{40}|[0-9]([ -]?[0-9]){12}";
const SUSPECTS_MAX = 10_000;

/** Card numbers, API keys and webhook secrets that are stored in the clear. What is found is not repeated. */
export async function findLeaks(tx: Tx): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { table, id, text } of PLACES) {
    const { rows } = await tx.raw<{ rows: { subject: string; text: string }[] }>(
      `select ${id} as subject, ${text} as text from ${table} where ${text} ~ ? limit ?`,
      [SUSPICIOUS, SUSPECTS_MAX],
    );
    for (const row of rows) {
      const found = leakIn(JSON.parse(row.text));
      if (found === undefined) continue;
      violations.push({
        invariant: "I13",
        check: LEAKS,
        subject: `${table} ${row.subject}`,
        detail: found,
      });
    }
  }
  return violations;
}

export const LEAKS = "no card number, API key or webhook secret is stored in the clear";

/** Examines texts and names, not numbers: an amount may well look like a card number. */
function leakIn(value: unknown): string | undefined {
  if (typeof value === "string") {
    if (SECRET.test(value)) return "a secret";
    return containsCardNumber(value) ? "a card number" : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, field] of Object.entries(value)) {
    const found = leakIn(name) ?? leakIn(field);
    if (found !== undefined) return found;
  }
  return undefined;
}
