import type { Outcome } from "../idempotency/keys";
import type { Credentials, ProcessorIdentity, ProcessorKind } from "../processors/kind";
import { type ProcessorAccount, hintOf, sealCredentials } from "./account";
import { findAccounts, setCredentials } from "./account-store";
import { type AccountCommand, accountOperation, changeAccountOnce } from "./change-account-once";
import { type AccountConnector, findKind } from "./connect-processor-account";
import { checkCredentials, identifyAccount, refusedCredentials } from "./identify-account";

/*
 * Guarantees: an account's new credentials are the same account's, in the same mode, by the processor's own word:
 * another account knows nothing of what is under way here, and its "not found" would be taken for evidence. From the
 * commit on every call is made with them; what is on its way was sent with those before, so these must not be revoked
 * before it is over, which takes one timeout.
 *
 * Cost: one call of the processor and two reads before the transaction, and what every change costs.
 */

export interface RotateProcessorCredentials extends AccountCommand {
  readonly credentials: Credentials;
}

export const rotateCredentialsOperation = accountOperation("rotateProcessorCredentials");

export async function rotateProcessorCredentials(
  needs: AccountConnector,
  command: RotateProcessorCredentials,
): Promise<Outcome<ProcessorAccount>> {
  const { merchantId, processorAccountId: id, credentials } = command;
  let kind: ProcessorKind | undefined;
  return changeAccountOnce(needs, command, {
    operation: rotateCredentialsOperation,
    input: { credentials },
    before: async () => {
      const [account] = await findAccounts(needs.db, merchantId, [id]);
      // The refusal that says so is stored, and so is the transaction's.
      if (!account) return;
      kind = findKind(needs.processorKinds, account.processor);
      const timeoutMs = needs.config.processorTimeoutMs;
      const identity = await identifyAccount(kind, {
        credentials: checkCredentials(kind, credentials),
        settings: account.settings,
        timeoutMs,
      });
      checkSame(account, identity);
    },
    change: async (tx) => {
      if (!kind) throw new Error("an account has appeared that was not there a moment ago");
      const sealed = sealCredentials(needs.secrets, id, credentials);
      const hint = hintOf(credentials[kind.credentials[0]] ?? "");
      const key = { merchantId, id };
      return { result: await setCredentials(tx, key, { credentials: sealed, hint }) };
    },
  });
}

/** What an account is called at the processor never changes, so it need not be locked for this. */
function checkSame(account: ProcessorAccount, identity: ProcessorIdentity): void {
  const { externalAccountId, mode } = account;
  if (identity.externalAccountId === externalAccountId && identity.mode === mode) return;
  throw refusedCredentials(
    "These are another account's credentials: connect that one as an account of its own.",
  );
}
