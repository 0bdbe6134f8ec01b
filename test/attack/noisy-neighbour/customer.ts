import { performance } from "node:perf_hooks";
import { Pool } from "undici";

/** A tenant that does what it always does: a payment now and then, created, confirmed and looked at. */
export interface Experience {
  readonly requests: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

export interface CustomerOptions {
  readonly url: string;
  readonly key: string;
  readonly prefix: string;
  readonly everyMs: number;
}

export interface Customer {
  /** Pays at its pace until the time is over, however long answers take. */
  payFor(ms: number): Promise<Experience>;
  close(): Promise<void>;
}

const CREATE = `mutation ($input: CreatePaymentIntentInput!, $key: String!) {
  createPaymentIntent(input: $input, idempotencyKey: $key) { paymentIntent { id status } } }`;
const CONFIRM = `mutation ($input: ConfirmPaymentIntentInput!, $key: String!) {
  confirmPaymentIntent(input: $input, idempotencyKey: $key) { paymentIntent { id status } } }`;
const READ = "query ($id: ID!) { paymentIntent(id: $id) { id status amount amountRefundable } }";

interface Answer {
  readonly data?: Record<string, { paymentIntent: { id: string } } | null>;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

export function openCustomer(options: CustomerOptions): Customer {
  const { origin, pathname } = new URL(options.url);
  // As many connections as it needs, so that it never waits for itself.
  const pool = new Pool(origin, { connections: 64, pipelining: 1 });
  let payments = 0;

  async function payOnce(latencies: number[], errors: Record<string, number>): Promise<void> {
    payments += 1;
    const order = `${options.prefix}-${String(payments)}`;
    const ask = async (query: string, variables: object): Promise<Answer["data"]> => {
      const sentAt = performance.now();
      const answer = await send(query, variables);
      latencies.push(performance.now() - sentAt);
      const code = answer.errors?.[0]?.extensions.code;
      if (code !== undefined) errors[code] = (errors[code] ?? 0) + 1;
      return answer.data;
    };
    const input = { amount: 1_000, currency: "EUR", paymentMethod: "pm_card_visa" };
    const made = await ask(CREATE, { input, key: `${order}-create` });
    const id = made?.["createPaymentIntent"]?.paymentIntent.id;
    if (id === undefined) return;
    await ask(CONFIRM, { input: { paymentIntentId: id }, key: `${order}-confirm` });
    await ask(READ, { id });
  }
  async function send(query: string, variables: object): Promise<Answer> {
    try {
      const { body } = await pool.request({
        path: pathname,
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${options.key}` },
        body: JSON.stringify({ query, variables }),
      });
      return (await body.json()) as Answer;
    } catch {
      return { errors: [{ extensions: { code: "NO_ANSWER" } }] };
    }
  }
  return {
    payFor: async (ms) => {
      const latencies: number[] = [];
      const errors: Record<string, number> = {};
      const paying: Promise<void>[] = [];
      const until = performance.now() + ms;
      while (performance.now() < until) {
        paying.push(payOnce(latencies, errors));
        await new Promise((resolve) => setTimeout(resolve, options.everyMs));
      }
      await Promise.all(paying);
      return { requests: latencies.length, errors, ...percentiles(latencies) };
    },
    close: () => pool.destroy(),
  };
}

function percentiles(latencies: number[]): Pick<Experience, "p50" | "p99" | "longest"> {
  latencies.sort((a, b) => a - b);
  const at = (part: number): number =>
    Math.round((latencies[Math.floor(latencies.length * part)] ?? latencies.at(-1) ?? 0) * 10) / 10;
  return { p50: at(0.5), p99: at(0.99), longest: at(1) };
}
