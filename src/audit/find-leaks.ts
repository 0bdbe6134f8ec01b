import { type Sensitive, sensitiveIn } from "../security/sensitive";
import type { Tx } from "../db/db";
import type { Violation } from "./check";

export interface Place {
  readonly table: string;
  /** What a row is called in a violation. */
  readonly id: string;
  /** Text, JSON and arrays of text that callers, processors and receivers wrote. */
  readonly columns: readonly string[];
}

/**
 * Where what people and machines wrote ends up, and from where it is shown again or sent on. Inputs are refused by the
 * same detector, so that nobody who can only send requests can make this find anything. A test fails when a column is
 * neither here nor among those that hold only our own words.
 */
export const PLACES: readonly Place[] = [
  { table: "events", id: "id", columns: ["object"] },
  { table: "webhook_deliveries", id: "id", columns: ["error", "response_body", "discard_reason"] },
  { table: "webhook_delivery_attempts", id: "delivery_id", columns: ["response_body"] },
  {
    table: "attempts",
    id: "id",
    columns: [
      "payment_method",
      "return_url",
      "code",
      "decline_code",
      "network_decline_code",
      "message",
      "processor_ref",
      "target_processor_ref",
      "idempotency_key",
    ],
  },
  { table: "attempt_evidence", id: "attempt_id", columns: ["outcome", "reason"] },
  {
    table: "idempotency_keys",
    id: "operation || ' of ' || merchant_id",
    columns: ["key", "failure_details", "result", "beside"],
  },
  {
    table: "payment_intents",
    id: "id",
    columns: [
      "payment_method",
      "description",
      "customer",
      "merchant_reference",
      "metadata",
      "last_payment_error",
      "next_action",
      "idempotency_key",
    ],
  },
  {
    table: "payment_intent_updates",
    id: "payment_intent_id",
    columns: ["former_customer", "idempotency_key"],
  },
  { table: "captures", id: "id", columns: ["failure_code", "idempotency_key"] },
  { table: "refunds", id: "id", columns: ["note", "metadata", "failure_code", "idempotency_key"] },
  { table: "merchants", id: "id", columns: ["name"] },
  {
    table: "merchant_holds",
    id: "merchant_id",
    columns: ["reason", "moved_to", "comes_from"],
  },
  { table: "api_keys", id: "id", columns: ["name", "idempotency_key"] },
  {
    table: "audit_log",
    id: "id",
    columns: ["actor_hint", "address", "request_id", "idempotency_key", "details"],
  },
  {
    table: "webhook_endpoints",
    id: "id",
    columns: ["url", "proven_url", "description", "metadata", "disabled_reason", "idempotency_key"],
  },
  { table: "webhook_endpoint_changes", id: "endpoint_id", columns: ["idempotency_key"] },
  {
    table: "processor_accounts",
    id: "id",
    columns: [
      "disabled_reason",
      "settings",
      "credentials_hint",
      "webhook_secret_hint",
      "events_after",
      "idempotency_key",
    ],
  },
  {
    table: "processor_changes",
    id: "operation || ' of ' || merchant_id",
    columns: ["idempotency_key"],
  },
  { table: "erasures", id: "id", columns: ["customer", "idempotency_key"] },
  { table: "webhook_replays", id: "delivery_id", columns: ["idempotency_key"] },
  { table: "delivery_retries", id: "merchant_id", columns: ["idempotency_key"] },
  { table: "replay_plans", id: "id", columns: ["reason", "filter", "idempotency_key"] },
  { table: "inbox", id: "event_id", columns: ["outcome"] },
  {
    table: "reconciliation_breaks",
    id: "id",
    columns: ["detail", "ours", "theirs", "owner", "explanation", "reversing"],
  },
  { table: "reconciliation_runs", id: "id", columns: ["statement"] },
];

/**
 * What Postgres looks for, so that few rows are read: everything that the detector could find, and more. That is 13
 * digits without a letter between them, whatever looks encoded or is beyond ASCII, and secrets.
 */
export const SUSPICIOUS =
  "[0-9]([^A-Za-z]*[0-9]){12}|[%&\\\\]|[^ -~]|whsec|(sk|pk|rk|ok|plk)_|_secret_";
const PAGE = 1_000;

/** Card numbers and secrets that are stored in the clear. What is found is not repeated. Memory: a page of rows. */
export async function findLeaks(tx: Tx): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const place of PLACES) {
    for await (const { subject, text } of readSuspects(tx, place)) {
      const found = leakIn(JSON.parse(text));
      if (found === undefined) continue;
      violations.push({
        invariant: "I13",
        check: LEAKS,
        subject: `${place.table} ${subject}`,
        detail: `a ${found}`,
      });
    }
  }
  return violations;
}

interface Suspect {
  readonly subject: string;
  readonly text: string;
}

async function* readSuspects(tx: Tx, { table, id, columns }: Place): AsyncGenerator<Suspect> {
  const text = `json_build_array(${columns.join(", ")})::text`;
  await tx.raw(
    `declare suspects no scroll cursor for
     select ${id} as subject, ${text} as text from ${table} where ${text} ~ '${SUSPICIOUS}'`,
  );
  for (;;) {
    const page = `fetch ${String(PAGE)} from suspects`;
    const { rows } = await tx.raw<{ rows: Suspect[] }>(page);
    yield* rows;
    if (rows.length < PAGE) break;
  }
  await tx.raw("close suspects");
}

export const LEAKS = "no card number, API key or webhook secret is stored in the clear";

/** Examines texts and names, not numbers: an amount may well look like a card number. */
export function leakIn(value: unknown): Sensitive | undefined {
  if (typeof value === "string") return sensitiveIn(value);
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, field] of Object.entries(value)) {
    const found = leakIn(name) ?? leakIn(field);
    if (found !== undefined) return found;
  }
  return undefined;
}
