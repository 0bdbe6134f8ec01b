import type { ApiKeyKind as ApiKeyKindName, Mode } from "../src/merchants/api-key";
import type { ApiKeyStatus as ApiKeyStatusName } from "../src/merchants/api-key-store";
import type { AccountStatus } from "../src/processor-accounts/account";
import { OPEN, enumOf } from "./enum-of";

export const MerchantMode = enumOf<Mode>("Mode", "Whether money really moves.", {
  TEST: "For trying things out.",
  LIVE: "For real payments.",
});

export const ApiKeyKind = enumOf<ApiKeyKindName>("ApiKeyKind", "Who holds an API key.", {
  SECRET: "The merchant's backend: everything that a merchant may do for itself.",
  PUBLISHABLE:
    "A frontend: it confirms and reads one payment intent, together with its client secret.",
  RESTRICTED: "A partner integration: what its scopes permit.",
  OPERATOR: "The merchant's operators: they read, and replay webhooks, but start no payments.",
  PLATFORM:
    "The installation's operators: they create merchants, act for any of them, and resolve unknown outcomes.",
});

export const ApiKeyStatus = enumOf<ApiKeyStatusName>(
  "ApiKeyStatus",
  `Whether an API key can be used. ${OPEN}`,
  {
    ACTIVE: "The key can be used.",
    EXPIRED: "The key has expired.",
    REVOKED: "The key was revoked.",
  },
);

export const ProcessorAccountStatus = enumOf<AccountStatus>(
  "ProcessorAccountStatus",
  `Whether a processor account gets new payments. ${OPEN}`,
  {
    ACTIVE: "It gets the payments that are routed to it.",
    DISABLED: "It gets no new payments. What it has begun is finished there.",
  },
);
