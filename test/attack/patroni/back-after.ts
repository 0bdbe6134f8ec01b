import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "../../../src/dev/wait-until";
import type { Installation } from "../installation";
import type { Load } from "../load";
import { APPROVED, openShop, pay } from "../shop";

export interface Back {
  /** Until the last of the APIs had acknowledged a mutation that it was sent after the primary was killed. */
  readonly acknowledgedMs: number;
  /** Until a card had been charged for a payment that was created after that. */
  readonly chargedMs: number;
}

const LIMIT_MS = 120_000;

/** Begins at once. What is acknowledged goes into the load's books. */
export async function backAfter(
  installation: Installation,
  load: Load,
  of: { readonly name: string; readonly amount: number },
): Promise<Back> {
  const startedAt = Date.now();
  const took = (): number => Date.now() - startedAt;
  // Asked again at once: it is the service that is timed, and not its callers' patience.
  const { clients } = openShop(installation, { retry: { triesMax: 1 } });
  const answered = clients.map(async (client, index) => {
    const key = `${of.name}-probe-${String(index)}`;
    while (took() < LIMIT_MS) {
      const input = { amount: of.amount, currency: "EUR", paymentMethod: APPROVED };
      const made = await client
        .createPaymentIntent(input, { idempotencyKey: key })
        .catch(() => undefined);
      if (made) {
        load.created.add(made.paymentIntent.id);
        return took();
      }
      await delay(20);
    }
    return took();
  });
  const [charged, ...acknowledged] = await Promise.all([chargedAfter(), ...answered]);
  return { acknowledgedMs: Math.max(...acknowledged), chargedMs: charged };

  async function chargedAfter(): Promise<number> {
    const order = { id: `${of.name}-charged`, amount: of.amount, card: APPROVED };
    const id = await pay(load.shop.client(), order);
    load.created.add(id);
    load.confirmed.add(id);
    const [client] = load.shop.clients;
    await waitUntil(async () => (await client?.paymentIntent({ id }))?.status === "SUCCEEDED", {
      timeoutMs: LIMIT_MS,
    });
    return took();
  }
}
