import type { Changer } from "../idempotency/change-once";
import type { Outcome } from "../idempotency/keys";
import type { SecretBox } from "../security/secrets";
import {
  type EndpointCommand,
  changeEndpointOnce,
  endpointOperation,
  refuseEndpoint,
} from "./change-endpoint-once";
import type { WebhookEndpoint } from "./delivery";
import { replaceSecret } from "./endpoint-store";
import { newWebhookSecret, secretHint } from "./sign";

/*
 * Guarantees: the endpoint has a new secret, shown in the answer and to the same key for a day. For as long as the
 * overlap lasts, everything is signed with both, so a receiver verifies with either and can be changed over at any
 * moment of it; then the old one signs nothing more, and is destroyed within a minute or so. There are never three: while
 * one overlap lasts another is refused, because it would end the first one early. An overlap of none is always
 * possible: a secret that was leaked can be replaced at once, and with it the one before.
 */

export const OVERLAP_SECONDS_DEFAULT = 24 * 60 * 60;
export const OVERLAP_SECONDS_MAX = 7 * OVERLAP_SECONDS_DEFAULT;

export interface RotateWebhookSecret extends EndpointCommand {
  readonly overlapSeconds: number;
}

interface Needs extends Changer {
  readonly secrets: SecretBox;
}

interface Secret {
  readonly secret: string;
}

export const rotateSecretOperation = endpointOperation<Secret>("rotateWebhookSecret");

export interface RotatedSecret extends Outcome<WebhookEndpoint> {
  /** Null once it is no longer shown. */
  readonly secret: string | null;
}

export async function rotateWebhookSecret(
  { db, replays, secrets }: Needs,
  command: RotateWebhookSecret,
): Promise<RotatedSecret> {
  const { merchantId, overlapSeconds } = command;
  const { beside, ...outcome } = await changeEndpointOnce<Secret>({ db, replays }, command, {
    operation: rotateSecretOperation,
    secrets,
    input: { overlapSeconds },
    change: async (tx, endpoint) => {
      const { id } = endpoint;
      const until = endpoint.previousSecretExpiresAt;
      if (until !== null && overlapSeconds > 0) {
        const because = `Its former secret is valid until ${until}: overlapSeconds: 0 ends that.`;
        return { failure: refuseEndpoint(endpoint, { currentState: "ROTATING", because }) };
      }
      const secret = newWebhookSecret();
      const result = await replaceSecret(
        tx,
        { merchantId, id },
        { secret: secrets.seal(secret, id), secretHint: secretHint(secret), overlapSeconds },
      );
      return { result, secret: { secret } };
    },
  });
  return { ...outcome, secret: beside?.secret ?? null };
}
