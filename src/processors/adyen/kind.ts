import type { ConnectedProcessor, ProcessorKind, Settings } from "../kind";
import type * as AdyenAdapter from "./adyen-processor";
import { settlementDetails } from "./settlement-details";
import { ADYEN_API_VERSION, HMAC_KEY } from "./version";

/** Where an account that moves no money is asked. */
const TEST_URL = "https://checkout-test.adyen.com";

const MULTIPLE_CAPTURES = "enabled";

/**
 * Merchant accounts at Adyen. Their address is the installation's to choose: an account can name a prefix of Adyen's own
 * live addresses, and nothing else; with one it moves real money.
 */
export function adyenKind(apiBase: string | undefined): ProcessorKind {
  return {
    name: "adyen",
    apiVersion: ADYEN_API_VERSION,
    credentials: ["apiKey"],
    faultOfSettings,
    faultOfWebhookSecret: (secret) =>
      HMAC_KEY.test(secret)
        ? undefined
        : "The webhook secret of an Adyen account is its HMAC key: 64 hexadecimal digits.",
    reportFormat: settlementDetails,
    connect: ({ credentials, webhookSecrets, settings, timeoutMs }): ConnectedProcessor => {
      const { createAdyenProcessor } = adapter();
      const { merchantAccount = "", liveEndpointUrlPrefix: prefix } = settings;
      return createAdyenProcessor({
        credentials: { apiKey: credentials["apiKey"] ?? "" },
        webhookSecrets,
        timeoutMs,
        merchantAccount,
        mode: prefix === undefined ? "TEST" : "LIVE",
        capturesInParts: settings["multipleCaptures"] === MULTIPLE_CAPTURES,
        apiBase: apiBase ?? (prefix === undefined ? TEST_URL : liveUrl(prefix)),
      });
    },
  };
}

function liveUrl(prefix: string): string {
  return `https://${prefix}-checkout-live.adyenpayments.com`;
}

const ARE: Readonly<Record<string, RegExp>> = {
  merchantAccount: /^[A-Za-z0-9_-]{1,80}$/,
  // A part of a host's name, and of no other host's.
  liveEndpointUrlPrefix: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i,
  multipleCaptures: new RegExp(`^${MULTIPLE_CAPTURES}$`),
};

function faultOfSettings(settings: Settings): string | undefined {
  const isKnown = Object.keys(settings).every((name) => Object.hasOwn(ARE, name));
  if (!isKnown || settings["merchantAccount"] === undefined) {
    return "The settings of an Adyen account are merchantAccount, and where needed liveEndpointUrlPrefix and multipleCaptures.";
  }
  const wrong = Object.entries(settings).find(([name, value]) => ARE[name]?.test(value) !== true);
  return wrong && `The setting ${wrong[0]} is malformed.`;
}

/** For the first account: the parts of the package that are used take a tenth of a second to load. */
function adapter(): typeof AdyenAdapter {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- Connecting waits for nothing, as import() would.
  return require("./adyen-processor") as typeof AdyenAdapter;
}
