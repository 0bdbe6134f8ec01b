import type { Changer } from "../idempotency/change-once";
import type { Outcome } from "../idempotency/keys";
import { type ProcessorAccount, refuseAccount } from "./account";
import { setAccountStatus } from "./account-store";
import { type AccountCommand, accountOperation, changeAccountOnce } from "./change-account-once";

/*
 * Guarantees: from the commit on, a disabled account gets no new payments. Those that were confirmed before are sent,
 * and what it has begun is finished there: money that it holds can be captured, refunded and let go of, and what is
 * unknown is looked up.
 */

export interface DisableProcessorAccount extends AccountCommand {
  readonly reason: string | null;
}

export const disableAccountOperation = accountOperation("disableProcessorAccount");
export const enableAccountOperation = accountOperation("enableProcessorAccount");

export async function disableProcessorAccount(
  needs: Changer,
  command: DisableProcessorAccount,
): Promise<Outcome<ProcessorAccount>> {
  const { merchantId, reason } = command;
  return changeAccountOnce(needs, command, {
    operation: disableAccountOperation,
    input: { reason },
    change: async (tx, account) => {
      if (account.status === "DISABLED") return { failure: refuseAccount(account) };
      const key = { merchantId, id: account.id };
      return { result: await setAccountStatus(tx, key, { status: "DISABLED", reason }) };
    },
  });
}

export async function enableProcessorAccount(
  needs: Changer,
  command: AccountCommand,
): Promise<Outcome<ProcessorAccount>> {
  const { merchantId } = command;
  return changeAccountOnce(needs, command, {
    operation: enableAccountOperation,
    input: {},
    change: async (tx, account) => {
      if (account.status === "ACTIVE") return { failure: refuseAccount(account) };
      const key = { merchantId, id: account.id };
      return { result: await setAccountStatus(tx, key, { status: "ACTIVE" }) };
    },
  });
}
