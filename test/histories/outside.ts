import type { NetworkDispute } from "../../src/audit/compare-disputes";
import { expireAuthorizations } from "../../src/payments/expire-authorizations";
import type { TestApi } from "../support/api";
import { chargeOf, decideAtNetwork, hearOf } from "../support/disputes";
import { aboutToExpire, moveHold } from "../support/holds";
import type { Step } from "./shadow";

/** What happens to payments without anybody asking the API for it: by shoppers' banks, and by time. */

/** One payment's disputes as they stand at the network, and the news of them that nobody has heard. */
export interface Bank {
  disputes: NetworkDispute[];
  unheard: NetworkDispute[];
}

type StepOf<Name extends Step["do"]> = Extract<Step, { readonly do: Name }>;

export async function dispute(
  api: TestApi,
  { id, bank }: { readonly id: string; readonly bank: Bank },
  { amount, late }: StepOf<"dispute">,
): Promise<string> {
  const reference = await chargeOf(api, id);
  const order = { reference, ...(amount !== null && { amount }) };
  const { status, body } = await api.sandbox.post("/admin/disputes", order);
  if (status === 409) return "refused";
  expect(status).toBe(200);
  bank.disputes.push(body as NetworkDispute);
  bank.unheard.push(body as NetworkDispute);
  if (!late) await hearAll(api, bank);
  return "done";
}

export async function decide(
  api: TestApi,
  bank: Bank,
  { which, outcome, late }: StepOf<"decide">,
): Promise<string> {
  const open = bank.disputes.filter(({ status }) => status === "open");
  const decided = open[which % open.length];
  if (!decided) return "done";
  const now = await decideAtNetwork(api, decided, outcome);
  bank.disputes = bank.disputes.map((one) => (one.id === now.id ? now : one));
  bank.unheard.push(now);
  if (!late) await hearAll(api, bank);
  return "done";
}

/** The newest first. What is of money that another dispute seems to have still is heard again, as the inbox does it. */
export async function hearAll(api: TestApi, bank: Bank): Promise<void> {
  let letters = bank.unheard.reverse();
  bank.unheard = [];
  while (letters.length > 0) {
    const early: NetworkDispute[] = [];
    for (const letter of letters) {
      const effect = await hearOf(api, letter);
      if (effect === "early") early.push(letter);
      else expect(["applied", "duplicate"]).toContain(effect);
    }
    expect(early.length).toBeLessThan(letters.length);
    letters = early;
  }
}

/** Its hold, if there is nothing under way, is about to expire, and its policy is acted upon. */
export async function nearlyExpire(api: TestApi, id: string): Promise<string> {
  const held = { id, status: "REQUIRES_CAPTURE" };
  if (!(await api.db("payment_intents").where(held).first("id"))) return "done";
  await moveHold(api, id, aboutToExpire);
  do await endHolds(api);
  while (await isDue(api, id));
  return "done";
}

/** Its hold, if it has one, has expired, and is released unless something else is under way. */
export async function expire(api: TestApi, id: string): Promise<string> {
  await moveHold(api, id, { expiresInS: 0 });
  // What somebody else has locked is left to the next sweep.
  do await endHolds(api);
  while (await isDue(api, id));
  return "done";
}

export async function endHolds(api: TestApi): Promise<void> {
  await expireAuthorizations(api.app.db, 500);
}

async function isDue(api: TestApi, id: string): Promise<boolean> {
  const found = await api
    .db("payment_intents")
    .where({ id, status: "REQUIRES_CAPTURE" })
    .whereRaw("authorization_due_at <= now()")
    .first("id");
  return found !== undefined;
}
