import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv, { type ValidateFunction } from "ajv";

/*
 * Requests as the package's types have them. A body of a form is turned back into what it was made from, and checked
 * against the schema of the package's own type for it (param-schemas.json): a parameter that the package does not know, a
 * missing one, and one of another type are refused, so that the simulation cannot agree with us on what does not exist.
 */

/** By the package's file, the types of requests that the simulation takes. */
export const PARAM_TYPES = {
  PaymentIntents: [
    "PaymentIntentCreateParams",
    "PaymentIntentConfirmParams",
    "PaymentIntentCaptureParams",
    "PaymentIntentCancelParams",
    "PaymentIntentRetrieveParams",
  ],
  Refunds: ["RefundCreateParams", "RefundListParams", "RefundRetrieveParams"],
  Disputes: ["DisputeRetrieveParams"],
  Events: ["EventListParams"],
  BalanceTransactions: ["BalanceTransactionListParams"],
  Payouts: ["PayoutListParams"],
} as const;

export type ParamType = (typeof PARAM_TYPES)[keyof typeof PARAM_TYPES][number];

export const SCHEMAS_FILE = join(__dirname, "param-schemas.json");

export type Params = Record<string, unknown>;

const checks = new Map<ParamType, ValidateFunction>();

function checkOf(type: ParamType): ValidateFunction {
  const known = checks.get(type);
  if (known) return known;
  const schemas = JSON.parse(readFileSync(SCHEMAS_FILE, "utf8")) as Record<ParamType, object>;
  // A form has only texts.
  const ajv = new Ajv({ coerceTypes: true, strict: false });
  const check = ajv.compile(schemas[type]);
  checks.set(type, check);
  return check;
}

/** The parameters, or what is wrong with them. */
export function readParams(type: ParamType, form: string): Params | string {
  const params = decode(form);
  const check = checkOf(type);
  if (check(params)) return params;
  return (check.errors ?? [])
    .map((e) => `${e.instancePath} ${e.message ?? ""} ${JSON.stringify(e.params)}`)
    .join("; ");
}

/** `a[b][c]=d` and `a[0]=b`. */
export function decode(form: string): Params {
  const root: Params = {};
  for (const [name, value] of new URLSearchParams(form)) {
    const path = name.split("[").map((part) => part.replace(/\]$/, ""));
    let at: Params = root;
    path.forEach((part, depth) => {
      if (depth === path.length - 1) at[part] = value;
      else at = (at[part] ??= {}) as Params;
    });
  }
  return withLists(root) as Params;
}

function withLists(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, withLists(inner)] as const);
  const isList = entries.length > 0 && entries.every(([name], index) => name === String(index));
  return isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}
