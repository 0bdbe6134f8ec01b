import {
  CONNECT_ACCOUNT,
  DISABLE_ACCOUNT,
  ENABLE_ACCOUNT,
  REPLACE_ROUTES,
  ROTATE_ACCOUNT_SECRET,
  ROTATE_CREDENTIALS,
  aSandboxKey,
  anAccountName,
} from "../support/processor-accounts";

/** The part of a tenant's world that is about processor accounts. */

interface Means {
  readonly mutate: (query: string, input: object, key?: string) => Promise<Made>;
  readonly word: (name: string) => string;
  readonly key: string;
}

interface Made {
  readonly processorAccount: { readonly id: string };
}

export async function makeAccounts(merchantId: string, { mutate, word, key }: Means) {
  const anAccount = async (name: string, by?: string) => {
    const credentials = { secretKey: aSandboxKey(name) };
    const input = { processor: "sandbox", credentials, webhookSecret: "what it signs with" };
    return (await mutate(CONNECT_ACCOUNT, input, by)).processorAccount.id;
  };
  const shopAccount = await anAccount(walkName(merchantId), key);
  const ofAccount = { processorAccountId: shopAccount };
  const credentials = { secretKey: aSandboxKey(walkName(merchantId)) };
  await mutate(ROTATE_CREDENTIALS, { ...ofAccount, credentials }, key);
  const signedWith = { webhookSecret: "what it signs with now", overlapSeconds: 0 };
  await mutate(ROTATE_ACCOUNT_SECRET, { ...ofAccount, ...signedWith }, key);
  const reason = word("account");
  await mutate(DISABLE_ACCOUNT, { ...ofAccount, reason }, key);
  await mutate(ENABLE_ACCOUNT, ofAccount, key);
  const routes = [{ currency: "EUR", processorAccountId: shopAccount }, {}];
  await mutate(REPLACE_ROUTES, { routes }, key);
  const accountToDisable = await anAccount(anAccountName());
  const disabledAccount = await anAccount(anAccountName());
  await mutate(DISABLE_ACCOUNT, { processorAccountId: disabledAccount, reason });
  return { shopAccount, accountToDisable, disabledAccount };
}

/** What their arguments are asked with. */
export function accountValues(
  ids: Readonly<Record<string, string>>,
): Readonly<Record<string, readonly unknown[]>> {
  const { merchant: merchantId = "" } = ids;
  const end = merchantId.slice(-20);
  return {
    "ConnectProcessorAccountInput.credentials": [{ secretKey: `sk_test_new${end}_0123456789` }],
    "RotateProcessorCredentialsInput.processorAccountId": [ids["shopAccount"]],
    "RotateProcessorCredentialsInput.credentials": [
      { secretKey: `sk_test_${walkName(merchantId)}_0123456789` },
    ],
    "RotateProcessorWebhookSecretInput.processorAccountId": [ids["shopAccount"]],
    "DisableProcessorAccountInput.processorAccountId": [ids["accountToDisable"]],
    "EnableProcessorAccountInput.processorAccountId": [ids["disabledAccount"]],
    "ReplaceProcessorRoutesInput.routes": [
      [
        {
          currency: "EUR",
          minAmount: 1,
          maxAmount: 1_000,
          captureMethod: "MANUAL",
          processorAccountId: null,
        },
        {},
      ],
    ],
  };
}

export const KEYED_OF_ACCOUNTS = [
  "connectProcessorAccount",
  "rotateProcessorCredentials",
  "rotateProcessorWebhookSecret",
  "disableProcessorAccount",
  "enableProcessorAccount",
  "replaceProcessorRoutes",
];

/** A name at the network that is known from the merchant: of an account whose credentials are changed. */
function walkName(merchantId: string): string {
  return `walk${merchantId.slice(-20)}`;
}
