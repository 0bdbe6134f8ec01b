import { cardOf } from "../adyen-simulation/cards";
import { KEYS_KEPT_MS } from "../adyen-simulation/server";
import { HMAC_KEYS, openAdyen } from "./adyen-bench";
import { signed, startSimulation } from "../adyen-simulation/simulation";
import { PATIENCE_MS } from "../support/patience";
import { type ConformanceBench, conformance } from "./conformance";

/** Long enough for every request to have left, on any machine. */
const IMPATIENT_MS = 2_000;

async function startBench(): Promise<ConformanceBench> {
  const simulation = await startSimulation();
  const { server, url, bank } = simulation;
  const [processor, impatient] = [openAdyen(url, PATIENCE_MS), openAdyen(url, IMPATIENT_MS)];
  const fault = async (name: "lose_answer" | "lose_request" | "fail_answer"): Promise<void> => {
    await Promise.resolve(server.faults.push({ fault: name }));
  };
  return {
    processor,
    impatient,
    impatientMs: IMPATIENT_MS,
    cards: {
      approved: cardOf("visa"),
      softDecline: cardOf("poor"),
      hardDecline: cardOf("blocked"),
      challenge: cardOf("challenge"),
    },
    moved: (reference) => Promise.resolve(simulation.moved(reference)),
    told: (reference) => {
      simulation.work();
      const items = bank.notifications.filter((item) => item.merchantReference === reference);
      if (items.length === 0) return Promise.resolve(undefined);
      const heard = processor.verifyWebhook?.(signed(items, HMAC_KEYS[0]), {}) ?? [];
      return Promise.resolve(heard.at(-1)?.outcome);
    },
    setLatency: async (ms) => {
      server.latencyMs = ms;
      await Promise.resolve();
    },
    loseNextAnswer: () => fault("lose_answer"),
    loseNextRequest: () => fault("lose_request"),
    failNextAnswer: () => fault("fail_answer"),
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

conformance("Adyen", ["charge", "authorize", "capture", "refund", "void"], startBench);
