import Client from "@adyen/api-library/lib/src/client";
import { EnvironmentEnum } from "@adyen/api-library/lib/src/config";
import { ModificationsApi } from "@adyen/api-library/lib/src/services/checkout/modificationsApi";
import { PaymentsApi } from "@adyen/api-library/lib/src/services/checkout/paymentsApi";
import type { ConnectedProcessor, ProcessorIdentity } from "../kind";
import {
  type ProcessorCapabilities,
  type ProcessorRequest,
  type SendOutcome,
  forEveryOperation,
} from "../processor";
import type { Adyen } from "./adyen";
import { called, unknown } from "./call";
import { createAdyenHttpClient } from "./http-client";
import { sendModification } from "./modifications";
import { sendPayment } from "./payments";
import { verifyAdyenWebhook } from "./webhooks";

/** Adyen keeps keys for 7 days at least. */
const KEY_LIFETIME_MS = 6 * 24 * 3_600_000;

// Adyen gives a request as long as whom it has to ask for it.
const UNDER_WAY_MS = 60_000;

const CAPABILITIES: Omit<ProcessorCapabilities, "requestHorizonMs" | "multicapture"> = {
  resolution: forEveryOperation("KEY_REPEAT"),
  keyLifetimeMs: KEY_LIFETIME_MS,
  prepares: [],
  // There is nothing to ask: a payment's state is told by webhooks alone.
  canLookUp: false,
  // A cancellation by our reference is only acknowledged, and fences nothing that arrives later.
  reverses: [],
  feeKnownAtApproval: false,
};

export interface AdyenOptions {
  readonly credentials: { readonly apiKey: string };
  /** HMAC keys, in hexadecimal. Any of them may have signed; without one, webhooks are refused. */
  readonly webhookSecrets: readonly string[];
  readonly timeoutMs: number;
  readonly merchantAccount: string;
  readonly mode: ProcessorIdentity["mode"];
  /** Whether Adyen has turned on multiple partial captures for the account. */
  readonly capturesInParts: boolean;
  readonly apiBase: string;
  readonly connections?: number;
}

/** One merchant account at Adyen. */
export function createAdyenProcessor(options: AdyenOptions): ConnectedProcessor {
  const { credentials, webhookSecrets, timeoutMs, merchantAccount, connections = 64 } = options;
  const { origin } = new URL(options.apiBase);
  const httpClient = createAdyenHttpClient({ origin, timeoutMs, connections });
  const client = new Client(
    {
      apiKey: credentials.apiKey,
      environment: options.mode === "LIVE" ? EnvironmentEnum.LIVE : EnvironmentEnum.TEST,
      // The host is the client's: of this address only the path counts.
      liveEndpointUrlPrefix: "live",
    },
    httpClient,
  );
  const { capturesInParts } = options;
  const adyen: Adyen = {
    payments: new PaymentsApi(client),
    modifications: new ModificationsApi(client),
    merchantAccount,
    capturesInParts,
  };
  return {
    name: "adyen",
    capabilities: {
      ...CAPABILITIES,
      multicapture: capturesInParts,
      requestHorizonMs: timeoutMs + UNDER_WAY_MS,
    },
    identify: () => identify(adyen, options.mode),
    send: (request) => send(adyen, request),
    lookUp: () => Promise.resolve(unknown("Adyen cannot be asked")),
    reverse: ({ operation }) => Promise.resolve(unknown(`a ${operation} cannot be undone`)),
    ...(webhookSecrets.length > 0 && {
      verifyWebhook: (rawBody) =>
        verifyAdyenWebhook({ secrets: webhookSecrets, rawBody, merchantAccount }),
    }),
    webhookReceipt: "[accepted]",
    close: () => httpClient.close(),
  };
}

const SEND = {
  charge: sendPayment,
  authorize: sendPayment,
  capture: sendModification,
  refund: sendModification,
  void: sendModification,
} as const;

/** Whoever asks for it: no key is repeated that Adyen may have forgotten. */
async function send(adyen: Adyen, request: ProcessorRequest): Promise<SendOutcome> {
  const ageMs = request.sentAt ? Date.now() - request.sentAt.getTime() : 0;
  if (ageMs > KEY_LIFETIME_MS) return unknown("its key may be forgotten");
  try {
    return await SEND[request.operation](adyen, request);
  } catch {
    // The package types an answer, and does not check it: one that is not what it should be proves nothing.
    return unknown("the answer could not be understood");
  }
}

/** A key says nothing of itself; that it may ask for the account's ways to pay shows that it is the account's. */
async function identify(
  { payments, merchantAccount }: Adyen,
  mode: ProcessorIdentity["mode"],
): Promise<ProcessorIdentity | undefined> {
  const found = await called(() => payments.paymentMethods({ merchantAccount }));
  if (found.kind === "done") return { externalAccountId: merchantAccount, mode };
  if (found.kind === "refused") return undefined;
  throw new Error(`Adyen does not say whose key it is: ${found.reason}`);
}
