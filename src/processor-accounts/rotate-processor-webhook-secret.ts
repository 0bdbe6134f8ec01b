import type { Changer } from "../idempotency/change-once";
import type { Outcome } from "../idempotency/keys";
import type { ProcessorKinds } from "../processors/kind";
import type { SecretBox } from "../security/secrets";
import { type ProcessorAccount, hintOf, refuseAccount, webhookSecretContext } from "./account";
import { setWebhookSecret } from "./account-store";
import { type AccountCommand, accountOperation, changeAccountOnce } from "./change-account-once";
import { findKind } from "./connect-processor-account";
import { checkWebhookSecret } from "./identify-account";

/*
 * Guarantees: from the commit on the account's webhooks are accepted with this secret, and for as long as the overlap
 * lasts with the one before, so that the processor can be changed over at any moment of it; then the old one is accepted
 * no more, and is destroyed within a minute or so. There are never three: while one overlap lasts another is refused. An
 * overlap of none is always possible: a secret that was leaked is replaced at once, and with it the one before.
 */

export interface RotateProcessorWebhookSecret extends AccountCommand {
  readonly webhookSecret: string;
  readonly overlapSeconds: number;
}

interface Needs extends Changer {
  readonly secrets: SecretBox;
  readonly processorKinds: ProcessorKinds;
}

export const rotateProcessorWebhookSecretOperation = accountOperation(
  "rotateProcessorWebhookSecret",
);

export async function rotateProcessorWebhookSecret(
  needs: Needs,
  command: RotateProcessorWebhookSecret,
): Promise<Outcome<ProcessorAccount>> {
  const { merchantId, processorAccountId: id, webhookSecret, overlapSeconds } = command;
  return changeAccountOnce(needs, command, {
    operation: rotateProcessorWebhookSecretOperation,
    input: { webhookSecret, overlapSeconds },
    change: async (tx, account) => {
      checkWebhookSecret(findKind(needs.processorKinds, account.processor), webhookSecret);
      const until = account.previousWebhookSecretExpiresAt;
      if (until !== null && overlapSeconds > 0) {
        const because = `Its former secret is valid until ${until}: overlapSeconds: 0 ends that.`;
        return { failure: refuseAccount(account, { currentState: "ROTATING", because }) };
      }
      const secret = needs.secrets.seal(webhookSecret, webhookSecretContext(id));
      const set = { secret, hint: hintOf(webhookSecret), overlapSeconds };
      return { result: await setWebhookSecret(tx, { merchantId, id }, set) };
    },
  });
}
