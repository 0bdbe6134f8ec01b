import type { TestApp } from "./app";
import { waitFor } from "./wait-for";

/** Moves a hold, if there is one, in time instead of waiting: until when it lasts, and when it is seen to. Seconds from now. */
export async function moveHold(
  t: Pick<TestApp, "db">,
  paymentIntentId: string,
  at: { readonly expiresInS: number; readonly dueInS?: number },
): Promise<void> {
  const { expiresInS, dueInS = expiresInS } = at;
  await t.db.transaction(async (tx) => {
    // It is no change of the intent, which would have a version.
    await tx.raw("set local session_replication_role = replica");
    await tx.raw(
      `update payment_intents set
        authorization_expires_at = date_trunc('milliseconds', now()) + ? * interval '1 second',
        authorization_due_at = date_trunc('milliseconds', now()) + ? * interval '1 second'
      where id = ? and authorization_due_at is not null`,
      [expiresInS, dueInS, paymentIntentId],
    );
  });
}

/** Its last hour has begun, and nobody has been told. */
export const aboutToExpire = { expiresInS: 3_600, dueInS: -1 };
export const expired = { expiresInS: -1 };

/** The card network itself has let go of what it held under this reference. */
export async function networkLetGo(t: TestApp, reference: string): Promise<void> {
  await waitFor("the network's hold to expire", async () => {
    const { body } = await t.sandbox.lookUp(reference);
    return Date.parse(String(body.authorization_expires_at)) <= Date.now();
  });
}
