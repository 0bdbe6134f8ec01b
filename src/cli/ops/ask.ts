import { ConfigError } from "../../process/settings";
import { type Client, createClient } from "../../sdk/client";
import { OncepayError } from "../../sdk/oncepay-error";
import { type Call, UnavailableError, UsageError } from "../command";
import { readDuration } from "../key-options";

/*
 * The operators' commands ask the public API and nothing else, with the client that partners have: each call is repeated
 * under one idempotency key until its outcome is certain.
 */

export const OPS_HELP = `The API is ONCEPAY_URL, for example https://pay.example/graphql; the operator's key is ONCEPAY_OPERATOR_KEY.

  --merchant ID     the merchant to act for, with a platform operator's key`;

export const OPS_OPTIONS = { merchant: { type: "string" } } as const;

export const DRY_RUN = { "dry-run": { type: "boolean", default: false } } as const;
export const DRY_RUN_HELP = "  --dry-run         say what would be done, and do nothing";

type Values = Call["values"];

/** Runs the work with a client; what the API refuses is said in a sentence. */
export async function askApi<Answer>(
  { values, environment }: Call,
  work: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  const url = environment["ONCEPAY_URL"];
  const apiKey = environment["ONCEPAY_OPERATOR_KEY"];
  if (!url || !URL.canParse(url)) {
    throw new ConfigError("ONCEPAY_URL must be the address of the API, which ends in /graphql.");
  }
  if (!apiKey) throw new ConfigError("ONCEPAY_OPERATOR_KEY must be an operator's API key.");
  const merchant = textOf(values, "merchant");
  try {
    return await work(createClient({ url, apiKey, ...(merchant !== undefined && { merchant }) }));
  } catch (error) {
    throw error instanceof OncepayError ? told(error) : error;
  }
}

const AWAY = new Set([
  "NETWORK_ERROR",
  "TIMEOUT",
  "HTTP_ERROR",
  "BAD_RESPONSE",
  "UNAVAILABLE",
  "RATE_LIMITED",
  "OUTCOME_UNKNOWN",
]);

function told(error: OncepayError): Error {
  const { code, message, requestId, idempotencyKey } = error;
  const traces = [
    requestId === undefined ? "" : ` (request ${requestId})`,
    code === "OUTCOME_UNKNOWN" ? ` Its idempotency key is ${String(idempotencyKey)}.` : "",
  ];
  const text = `${code}: ${message}${traces.join("")}`;
  return AWAY.has(code) ? new UnavailableError(text) : new Error(text, { cause: error });
}

export function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

export function required(values: Values, name: string): string {
  const value = textOf(values, name);
  if (value !== undefined && value !== "") return value;
  throw new UsageError(`--${name} is required.`);
}

export function listOf(values: Values, name: string): string[] | undefined {
  const parts = textOf(values, name)?.split(",");
  return parts?.map((part) => part.trim()).filter((part) => part !== "");
}

export function numberOf(values: Values, name: string): number | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new UsageError(`--${name} must be a whole number above 0.`);
}

/** A time as ISO 8601, or so long ago. */
export function momentOf(values: Values, name: string): string | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const isDate = /^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(Date.parse(text));
  const atMs = isDate ? Date.parse(text) : Date.now() - readDuration(text, `--${name}`) * 1_000;
  return new Date(atMs).toISOString();
}

type Found = NonNullable<Awaited<ReturnType<Client["node"]>>>;

/** What --id names; of another kind, or of another merchant's, there is none. */
export async function nodeOf<Kind extends Found["__typename"]>(
  call: Call,
  kind: Kind,
  called: string,
): Promise<Extract<Found, { readonly __typename: Kind }>> {
  const id = required(call.values, "id");
  const found = await askApi(call, (client) => client.node({ id }));
  if (found?.__typename !== kind) throw new Error(`There is no ${called} ${id}.`);
  return found as Extract<Found, { readonly __typename: Kind }>;
}

interface Page<Item> {
  readonly edges: readonly { readonly node: Item }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

const PAGE = 100;

/** All items, or the first so many, page by page. */
export async function readAll<Item>(
  read: (page: { first: number; after: string | null }) => Promise<Page<Item>>,
  max: number,
): Promise<Item[]> {
  const items: Item[] = [];
  let after: string | null = null;
  while (items.length < max) {
    const page: Page<Item> = await read({ first: Math.min(PAGE, max - items.length), after });
    items.push(...page.edges.map(({ node }) => node));
    after = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage) break;
  }
  return items;
}
