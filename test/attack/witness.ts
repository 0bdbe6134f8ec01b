import type { Movement } from "../../src/audit/compare-movements";
import type { FaultOrder } from "../../src/sandbox/faults";
import { run } from "../../src/db/db";
import { waitUntil } from "../../src/dev/wait-until";
import type { Child } from "./child";
import type { Installation } from "./installation";

/** What others say happened: the card network's books, the processes' metrics, the consumer's database. */

const TIMEOUT_MS = 60_000;

async function call<Answer>(url: string, method = "GET", body?: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

export interface NetworkStats {
  readonly requests: Readonly<Record<string, number>>;
  readonly faultsFired: Readonly<Record<string, number>>;
  readonly movements: Readonly<Record<Movement["kind"], number>>;
  /** The most requests that ever came under one reference. */
  readonly requestsByReference: { readonly max: number };
  readonly webhooks: Readonly<Record<"sent" | "delivered" | "retried" | "abandoned", number>>;
}

/** The sandbox network's admin interface. */
export function networkOf({ sandbox: { url } }: Pick<Installation, "sandbox">) {
  return {
    movements: async () =>
      (await call<{ movements: Movement[] }>(`${url}/admin/movements`)).movements,
    stats: () => call<NetworkStats>(`${url}/admin/stats`),
    fault: (order: FaultOrder) => call(`${url}/admin/faults`, "POST", order),
    noFaults: () => call(`${url}/admin/faults`, "DELETE"),
    latency: (minMs: number, maxMs: number) =>
      call(`${url}/admin/latency`, "POST", { minMs, maxMs }),
    outage: (mode: "refuse" | "off") => call(`${url}/admin/outage`, "POST", { mode }),
    webhooks: (settings: {
      readonly enabled?: boolean;
      readonly duplicateRate?: number;
      readonly delayMinMs?: number;
      readonly delayMaxMs?: number;
      readonly shuffle?: boolean;
    }) => call(`${url}/admin/webhooks`, "POST", settings),
  };
}

/** How many effects stand in the network's books: what moved, less what was reversed. */
export function standing(movements: readonly Movement[], kind: Movement["kind"]): number {
  const moved = movements.filter((movement) => movement.kind === kind);
  const reversed = new Set(
    movements.filter((movement) => movement.kind === "reverse").map(({ reference }) => reference),
  );
  return moved.filter(({ reference }) => !reversed.has(reference)).length;
}

export interface ConsumerCounts {
  readonly received: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly failed: number;
  readonly events: number;
  readonly sales: number;
  readonly refunds: number;
  readonly doubleSales: number;
  readonly revenue: Readonly<Record<string, number>>;
}

export function effectsAt({ consumer }: Pick<Installation, "consumer">): Promise<ConsumerCounts> {
  return call<ConsumerCounts>(`${consumer.url}/effects`);
}

const SAMPLE = /^(?<name>[a-z_]+)(?:\{(?<labels>[^}]*)\})? (?<value>\S+)$/;

/** A counter summed over processes and over the labels that are not asked for. */
export async function metric(
  processes: readonly Child[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const texts = await Promise.all(
    processes.map(async ({ internalUrl }) => (await fetch(`${internalUrl}/metrics`)).text()),
  );
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const line of texts.flatMap((text) => text.split("\n"))) {
    const sample = SAMPLE.exec(line)?.groups;
    const given = (sample?.["labels"] ?? "").split(",");
    if (sample?.["name"] !== name || !wanted.every((label) => given.includes(label))) continue;
    sum += Number(sample["value"]);
  }
  return sum;
}

export interface Underway {
  readonly attempts: number;
  readonly outbox: number;
  readonly deliveries: number;
  readonly inbox: number;
  readonly holds: number;
}

const UNDERWAY = `
  select
    (select count(*) from attempts where settled_at is null and status <> 'REQUIRES_ACTION') as "attempts",
    (select count(*) from outbox) as "outbox",
    (select count(*) from webhook_deliveries where next_at is not null) as "deliveries",
    (select count(*) from inbox where status = 'RECEIVED') as "inbox",
    (select count(*) from payment_intents
      where status = 'REQUIRES_CAPTURE' and authorization_due_at <= now()) as "holds"`;

export async function underway({ db }: Pick<Installation, "db">): Promise<Underway> {
  const [row] = await run<Underway>(db, { name: "attack_underway", text: UNDERWAY }, []);
  if (!row) throw new Error("what is under way could not be counted");
  return row;
}

/** Waits until nothing is under way any more; returns after how many milliseconds that was. */
export async function settledWithin(
  installation: Pick<Installation, "db">,
  timeoutMs: number,
): Promise<number> {
  const startedAt = Date.now();
  let last: Underway | undefined;
  const settled = await waitUntil(
    async () => {
      last = await underway(installation);
      return Object.values(last).every((count) => count === 0);
    },
    { timeoutMs, everyMs: 100 },
  );
  if (!settled) {
    throw new Error(`not settled after ${timeoutMs} ms; still under way: ${JSON.stringify(last)}`);
  }
  return Date.now() - startedAt;
}
