import { newApiKey } from "../../src/merchants/api-key";
import { clientSecretFor } from "../../src/payments/client-secret";
import { newId } from "../../src/ids";
import { newSecretToken } from "../../src/security/secrets";
import { redact, sensitiveIn } from "../../src/security/sensitive";
import { newWebhookSecret } from "../../src/webhooks/sign";

const merchant = newId("merchant");
const body = merchant.slice("mer_".length);
const token = newSecretToken(32);

const SECRETS: [string, string][] = [
  ...(["SECRET", "PUBLISHABLE", "RESTRICTED", "OPERATOR"] as const).map(
    (kind): [string, string] => [
      `a key of kind ${kind}`,
      newApiKey(kind, { id: merchant, mode: "TEST" }).secret,
    ],
  ),
  ...["sk_test", "sk_live", "pk_test", "pk_live", "rk_live", "ok_live", "plk", "plk_live"].map(
    (prefix): [string, string] => [`a key ${prefix}`, `${prefix}_${body}_${token}`],
  ),
  ["a webhook secret", newWebhookSecret()],
  ["a webhook secret in a URL", encodeURIComponent(newWebhookSecret())],
  ["a client secret", clientSecretFor(Buffer.alloc(32, 7), newId("paymentIntent"))],
  ["the beginning of a key", `sk_${body}_${token.slice(0, 20)}`],
];

it.each(SECRETS)("finds %s wherever it stands, and strikes out all of it", (_what, secret) => {
  for (const text of [secret, `Bearer ${secret}`, `order-${secret}`, `{"key":"${secret}"}`]) {
    expect(sensitiveIn(text)).toBe("secret");
    expect(redact(text)).toBe(text.replace(secret, "[secret]"));
  }
});

it.each([
  "sk_…a1B2",
  "pi_01m7w8wagbx5338azawms6zrmk",
  "pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_short",
  "whsec_…",
  "client_secret",
  "task_01m7w8wagbx5338azawms6zrmk",
  "the secret_key is in the vault",
])("lets pass %s", (text) => {
  expect(sensitiveIn(text)).toBeUndefined();
  expect(redact(text)).toBe(text);
});

it("finds card numbers too", () => {
  expect(sensitiveIn("order-4242424242424242")).toBe("card number");
  expect(redact("order-4242424242424242")).toBe("order-[card number]");
});
