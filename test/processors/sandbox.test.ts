import { createSandboxProcessor } from "../../src/processors/sandbox/sandbox-processor";
import { createProcessors } from "../../src/processors/registry";
import { startTestNetwork } from "../sandbox/network";
import { PATIENCE_MS } from "../support/patience";
import { conformance } from "./conformance";

/** Long enough for every request to have left, on any machine. */
const IMPATIENT_MS = 2_000;

conformance("the sandbox", async () => {
  const network = await startTestNetwork();
  const processor = createSandboxProcessor({ baseUrl: network.url, timeoutMs: PATIENCE_MS });
  const impatient = createSandboxProcessor({ baseUrl: network.url, timeoutMs: IMPATIENT_MS });
  return {
    processor,
    impatient,
    impatientMs: IMPATIENT_MS,
    cards: {
      approved: "pm_card_visa",
      softDecline: "pm_card_chargeDeclinedInsufficientFunds",
      hardDecline: "pm_card_chargeDeclined",
      challenge: "pm_card_threeDSecureRequired",
    },
    moved: async (reference) => {
      const movements = await network.movements(reference);
      return movements.map(({ kind, amount }) => `${kind} ${amount}`);
    },
    setLatency: async (ms) => {
      await network.setLatency(ms);
    },
    loseNextAnswer: async () => {
      await network.setFault({ fault: "lose_response", rate: 1, count: 1 });
    },
    loseNextRequest: async () => {
      await network.setFault({ fault: "lose_request", rate: 1, count: 1 });
    },
    failNextAnswer: async () => {
      await network.setFault({ fault: "error_after", rate: 1, count: 1 });
    },
    completeChallenge: async (redirectUrl) => {
      await network.post(`${new URL(redirectUrl).pathname}/complete`);
    },
    close: async () => {
      await Promise.all([processor.close(), impatient.close()]);
      await network.close();
    },
  };
});

test("is in the registry under its name", async () => {
  const processors = createProcessors({
    sandboxUrl: "http://127.0.0.1:9",
    sandboxWebhookSecret: undefined,
    timeoutMs: 1_000,
  });
  expect([...processors.keys()]).toEqual(["sandbox"]);
  for (const processor of processors.values()) {
    expect(processor.capabilities).toEqual({
      takesIdempotencyKeys: false,
      canLookUp: true,
      canReverse: true,
      requestHorizonMs: 6_000,
    });
    expect(processor.verifyWebhook).toBeUndefined();
    await processor.close();
  }
});
