import { sealContext } from "../idempotency/once";
import { credentialsContext, webhookSecretContext } from "../processor-accounts/account";
import { signingKeyContext } from "../seals/signing-keys";

/** Where sealed values are stored. A test fails when the schema has one that is not here. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** The rows whose value may still be opened. */
  readonly where: string;
  /** What tells a row from all others, with its type; an index gives the rows in this order. */
  readonly key: Readonly<Record<string, "text" | "date" | "timestamptz">>;
  /** What the value of a row was sealed with. */
  readonly context: (row: Readonly<Record<string, string>>) => string;
}

export const SEALED_COLUMNS: readonly SealedColumn[] = [
  {
    table: "webhook_endpoints",
    column: "secret",
    where: "secret is not null",
    key: { merchant_id: "text", id: "text" },
    context: ({ id = "" }) => id,
  },
  {
    table: "webhook_endpoints",
    column: "old_secret",
    where: "old_secret is not null",
    key: { merchant_id: "text", id: "text" },
    // Moved from the column above, as it was sealed there.
    context: ({ id = "" }) => id,
  },
  {
    table: "processor_accounts",
    column: "credentials",
    where: "true",
    key: { merchant_id: "text", id: "text" },
    context: ({ id = "" }) => credentialsContext(id),
  },
  {
    table: "processor_accounts",
    column: "webhook_secret",
    where: "webhook_secret is not null",
    key: { merchant_id: "text", id: "text" },
    context: ({ id = "" }) => webhookSecretContext(id),
  },
  {
    table: "processor_accounts",
    column: "old_webhook_secret",
    where: "old_webhook_secret is not null",
    key: { merchant_id: "text", id: "text" },
    context: ({ id = "" }) => webhookSecretContext(id),
  },
  {
    table: "signing_keys",
    column: "private_key",
    where: "true",
    key: { id: "text" },
    context: ({ id = "" }) => signingKeyContext(id),
  },
  {
    table: "idempotency_keys",
    column: "sealed",
    // What has been shown for its day is not opened again, and gone before long.
    where: "sealed is not null and sealed_until > now()",
    key: {
      sealed_until: "timestamptz",
      merchant_id: "text",
      operation: "text",
      key: "text",
      period: "date",
    },
    context: ({ merchant_id = "", operation = "", key = "" }) =>
      sealContext({ merchantId: merchant_id, operation, key }),
  },
];

/** A sealed value: one byte of version, and then four of key id. */
export function keyIdIn({ column }: SealedColumn): string {
  return `encode(substring(${column} from 2 for 4), 'hex')`;
}
