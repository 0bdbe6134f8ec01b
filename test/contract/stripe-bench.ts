import { createStripeProcessor } from "../../src/processors/stripe/stripe-processor";
import type { ConformanceBench } from "../processors/conformance";
import { PATIENCE_MS } from "../support/patience";
import { startProxy } from "./proxy";
import { openWitness, watched } from "./stripe-witness";

const IMPATIENT_MS = 2_000;

/** Stripe itself, or what stands for it, with a proxy before it that loses what networks lose. */
export async function startContractBench(given: {
  readonly secretKey: string;
  readonly upstream: string;
}): Promise<ConformanceBench> {
  const { secretKey, upstream } = given;
  const proxy = await startProxy(upstream);
  const open = (timeoutMs: number) =>
    createStripeProcessor({
      credentials: { secretKey },
      webhookSecrets: [],
      timeoutMs,
      apiBase: proxy.url,
    });
  const [real, impatient] = [open(PATIENCE_MS), open(IMPATIENT_MS)];
  // The key says so as well; this is Stripe's word.
  const whose = await real.identify();
  if (whose?.mode !== "TEST") {
    await Promise.all([real.close(), impatient.close(), proxy.close()]);
    throw new Error("This is no key of Stripe's test mode.");
  }
  const { processor, moved } = watched(real, openWitness(secretKey, upstream));
  const fault = async (what: (typeof proxy.faults)[number]): Promise<void> => {
    await Promise.resolve(proxy.faults.push(what));
  };
  return {
    processor,
    impatient,
    impatientMs: IMPATIENT_MS,
    cards: {
      approved: "pm_card_visa",
      softDecline: "pm_card_visa_chargeDeclinedInsufficientFunds",
      hardDecline: "pm_card_visa_chargeDeclinedStolenCard",
      challenge: "pm_card_threeDSecureRequired",
    },
    moved,
    setLatency: () => Promise.resolve(),
    loseNextAnswer: () => fault("lose_answer"),
    loseNextRequest: () => fault("lose_request"),
    failNextAnswer: () => fault("fail_answer"),
    knowsReferences: false,
    keysKeptMs: 24 * 3_600_000,
    forgetKeys: () => Promise.resolve(),
    completeChallenge: () => Promise.resolve(),
    cannot: new Set(["delay", "forget keys", "authenticate"]),
    close: async () => {
      await Promise.all([processor.close(), impatient.close()]);
      await proxy.close();
    },
  };
}
