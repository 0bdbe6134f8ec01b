import { createHmac, randomUUID } from "node:crypto";
import type { Dispatcher } from "undici";
import { type Db, type Statement, run } from "../db/db";
import { notHeld } from "../merchants/not-held";
import type { Log } from "../observability/log";
import type { SecretBox } from "../security/secrets";
import type { EndpointKey } from "./delivery";
import { type SealedSecrets, endpointSecrets } from "./endpoint-secrets";
import { followEndpoint } from "./follow-endpoint";
import { type PostResult, postWebhook } from "./post-webhook";
import { signWebhook } from "./sign";

/*
 * Guarantees: an endpoint that is PENDING gets nothing but challenges, signed like every webhook, until what listens at
 * its URL has echoed one: then it is ENABLED, and what was kept for it goes out. Only the receiver of the request can
 * know the challenge, and a server that repeats whatever it is sent does not say it alone. So events are sent to nobody
 * who has not agreed, and whoever makes endpoints at a stranger's address costs the stranger a few requests.
 *
 * A crash after a challenge was posted has it posted once more, when its lease is over. Those that are due at the same
 * time wait for the slowest of them, which is a few seconds. Row writes: two for each challenge.
 */

export const CHALLENGE_TYPE = "webhook_endpoint.challenge";

/** The waits after a challenge that was not echoed, about three days in all. Then somebody must enable the endpoint again. */
const SCHEDULE_S = [10, 60, 600, 3_600, 21_600, 43_200, 86_400, 86_400] as const;
const TIMEOUT_MS = 5_000;
const LEASE_MS = 3 * TIMEOUT_MS;
const AT_ONCE = 50;

interface Needs {
  readonly db: Db;
  readonly log: Log;
  readonly secrets: Pick<SecretBox, "open">;
  readonly webhookAgent: Dispatcher;
  readonly wakeRelay: () => void;
}

interface Challenged extends EndpointKey, SealedSecrets {
  readonly url: string;
  readonly challenges: number;
}

const TAKE_DUE: Statement = {
  name: "take_due_endpoint_challenges",
  text: `
    update webhook_endpoints w
    set challenge_at = now() + ? * interval '1 millisecond', challenges = w.challenges + 1
    from (
      select q.merchant_id, q.id from webhook_endpoints q
      where q.challenge_at <= now() and ${notHeld("q.merchant_id")}
      order by q.challenge_at limit ? for update skip locked
    ) due
    where w.merchant_id = due.merchant_id and w.id = due.id
    returning w.merchant_id as "merchantId", w.id as "id", w.id as "endpointId", w.url as "url",
      w.secret as "secret", w.challenges as "challenges",
      case when w.old_secret_until > now() then w.old_secret end as "oldSecret"`,
};

// What was asked for is what was echoed: the URL may have been changed, or another worker may have asked since.
const PROVE: Statement = {
  name: "prove_webhook_endpoint",
  text: `
    update webhook_endpoints w
    set status = 'ENABLED', proven_url = w.url, proven_at = now(), challenge_error = null,
      challenges = 0, updated_at = now()
    where w.merchant_id = ? and w.id = ? and w.status = 'PENDING' and w.url = ?
    returning w.id as "id"`,
};

const FAIL: Statement = {
  name: "fail_webhook_endpoint_challenge",
  text: `
    update webhook_endpoints w
    set challenge_error = ?, challenge_at = now() + ?::int * interval '1 second', updated_at = now()
    where w.merchant_id = ? and w.id = ? and w.status = 'PENDING' and w.url = ?
      and w.challenges = ?`,
};

/** Posts the challenges that are due, and says how many were echoed. */
export async function challengeEndpoints(needs: Needs): Promise<number> {
  const due = await run<Challenged>(needs.db, TAKE_DUE, [LEASE_MS, AT_ONCE]);
  const echoed = await Promise.all(due.map((endpoint) => challenge(needs, endpoint)));
  const count = echoed.filter(Boolean).length;
  if (count > 0) needs.wakeRelay();
  return count;
}

async function challenge(needs: Needs, endpoint: Challenged): Promise<boolean> {
  const { merchantId, id, url, challenges } = endpoint;
  const problem = await ask(needs, endpoint);
  if (problem === undefined) {
    const proven = await run(needs.db, PROVE, [merchantId, id, url]);
    // The first of what was kept for it; the sweeper goes on.
    await followEndpoint(needs.db, { merchantId, id });
    return proven.length > 0;
  }
  const waitS = SCHEDULE_S[challenges - 1] ?? null;
  await run(needs.db, FAIL, [problem, waitS, merchantId, id, url, challenges]);
  if (waitS === null) {
    const about = { merchantId, endpointId: id, reason: problem };
    needs.log.warn(about, "a webhook endpoint has echoed no challenge and is asked no more");
  }
  return false;
}

/** Undefined: it was echoed. Otherwise why not, for the merchant. */
async function ask(needs: Needs, endpoint: Challenged): Promise<string | undefined> {
  const { id, url } = endpoint;
  const secrets = opened(needs, endpoint);
  if (!secrets) return "it could not be signed";
  const expected = challengeOf(secrets[0] ?? "", endpoint);
  const messageId = `chl_${randomUUID()}`;
  const at = new Date();
  const body = JSON.stringify({
    id: messageId,
    type: CHALLENGE_TYPE,
    timestamp: at.toISOString(),
    data: { object: { id, object: "webhook_endpoint", url, challenge: expected } },
  });
  const timestampSeconds = Math.floor(at.getTime() / 1_000);
  const headers = signWebhook({ id: messageId, timestampSeconds, body, secrets });
  const result = await postWebhook(needs.webhookAgent, {
    url,
    headers,
    body,
    timeoutMs: TIMEOUT_MS,
  });
  return problemOf(result, expected);
}

function opened(needs: Needs, endpoint: Challenged): string[] | undefined {
  try {
    return endpointSecrets(needs.secrets, endpoint);
  } catch (error) {
    needs.log.error({ err: error, endpointId: endpoint.id }, "a challenge could not be signed");
    return undefined;
  }
}

/** The same at every try. Letters alone, so that nothing takes it for a number that must not be kept. */
function challengeOf(secret: string, { id, url }: Challenged): string {
  const mac = createHmac("sha256", secret).update(`challenge ${id} ${url}`).digest("hex");
  return [...mac.slice(0, 40)]
    .map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)))
    .join("");
}

function problemOf(result: PostResult, expected: string): string | undefined {
  if (result.kind !== "delivered") return result.error ?? "it was not answered";
  return echoOf(result.responseBody ?? "") === expected ? undefined : "it was not echoed";
}

/** The body is the challenge, or a JSON object that has it as `challenge`. */
function echoOf(body: string): string {
  try {
    const said = JSON.parse(body) as { challenge?: unknown } | string | null;
    if (typeof said === "string") return said;
    return typeof said?.challenge === "string" ? said.challenge : "";
  } catch {
    return body.trim();
  }
}
