import { randomUUID } from "node:crypto";
import type { Db } from "../../src/db/db";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { createPaymentIntents } from "../../src/payments/create-payment-intent";
import { findIntentByUpdateKey } from "../../src/payments/rewrite-store";
import { TIMELINE_START, readTimelines } from "../../src/payments/timeline";
import { updatePaymentIntent } from "../../src/payments/update-payment-intent";
import { cancelCommand, createCommand, updateCommand } from "./factories";
import { type Question, after, now } from "./plan-questions";
import type { Maker, Samples } from "./plans";

interface Asker {
  readonly db: Db;
  readonly own: Db;
  readonly merchantId: string;
  readonly its: Samples;
  readonly make: Maker;
}

const SET = 10;
const SEES = { ledger: true, webhooks: true, auditLog: true };

/** Of one order each. */
function orders({ merchantId }: Asker) {
  return Array.from({ length: SET }, () =>
    createCommand(merchantId, { merchantReference: randomUUID(), uniqueReference: true }),
  );
}

/** Questions about references that are held, updates, cancellations and timelines. */
export function intentQuestions(asker: () => Asker): Question[] {
  return [
    now("creates for orders", () => createPaymentIntents(asker().db, orders(asker()))),
    after(
      "refuses orders that are taken",
      async () => {
        const taken = orders(asker());
        await createPaymentIntents(asker().db, taken);
        return taken.map((command) => ({ ...command, key: randomUUID() }));
      },
      (commands) => createPaymentIntents(asker().db, commands),
    ),
    after(
      "updates",
      async () => {
        const [id = ""] = await asker().make.intents(1);
        return updateCommand(asker().merchantId, id, { amount: 7 });
      },
      (command) => updatePaymentIntent(asker().own, command),
    ),
    after(
      "cancels",
      async () => cancelCommand(asker().merchantId, await asker().make.charged("MANUAL")),
      (command) => cancelPaymentIntent(asker().own, command),
    ),
    now("an update by its key", async () => [
      await findIntentByUpdateKey(asker().own, asker().merchantId, "none"),
    ]),
    now("timelines of intents", async () => {
      const { own, merchantId, its } = asker();
      const request = { after: TIMELINE_START, limit: 21, sees: SEES };
      return (await readTimelines(own, merchantId, { ids: its.intents, request })).flat();
    }),
  ];
}
