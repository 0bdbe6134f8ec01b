import { createStripeProcessor } from "../../src/processors/stripe/stripe-processor";
import { KEYS_KEPT_MS } from "../stripe-simulation/keys";
import { SECRET_KEY, startSimulation } from "../stripe-simulation/simulation";
import { PATIENCE_MS } from "../support/patience";
import { type ConformanceBench, conformance } from "./conformance";

/** Long enough for every request to have left, on any machine. */
const IMPATIENT_MS = 2_000;

async function startBench(): Promise<ConformanceBench> {
  const simulation = await startSimulation();
  const { server, url } = simulation;
  const open = (timeoutMs: number) =>
    createStripeProcessor({
      credentials: { secretKey: SECRET_KEY },
      webhookSecrets: [],
      timeoutMs,
      apiBase: url,
    });
  const [processor, impatient] = [open(PATIENCE_MS), open(IMPATIENT_MS)];
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
    moved: (reference) => Promise.resolve(simulation.moved(reference)),
    setLatency: async (ms) => {
      server.latencyMs = ms;
      await Promise.resolve();
    },
    loseNextAnswer: async () => {
      await Promise.resolve(server.faults.push({ fault: "lose_answer" }));
    },
    loseNextRequest: async () => {
      await Promise.resolve(server.faults.push({ fault: "lose_request" }));
    },
    failNextAnswer: async () => {
      await Promise.resolve(server.faults.push({ fault: "fail_answer" }));
    },
    knowsReferences: false,
    keysKeptMs: KEYS_KEPT_MS,
    forgetKeys: async () => {
      await Promise.resolve();
      simulation.advance(KEYS_KEPT_MS + 1);
    },
    completeChallenge: async (redirectUrl) => {
      await Promise.resolve();
      simulation.authenticate(new URL(redirectUrl).pathname.split("/").at(-1) ?? "");
    },
    close: async () => {
      await Promise.all([processor.close(), impatient.close()]);
      await simulation.close();
    },
  };
}

conformance("Stripe", ["capture", "refund"], startBench);
