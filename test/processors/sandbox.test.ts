import { createSandboxProcessor } from "../../src/processors/sandbox/sandbox-processor";
import { PROCESSOR_OPERATIONS, forEveryOperation } from "../../src/processors/processor";
import { createProcessors } from "../../src/processors/registry";
import { KEYS_KEPT_MS } from "../../src/sandbox/keys";
import { startTestNetwork } from "../sandbox/network";
import { PATIENCE_MS } from "../support/patience";
import { type ConformanceBench, conformance } from "./conformance";

/** Long enough for every request to have left, on any machine. */
const IMPATIENT_MS = 2_000;

async function startBench(prepares: boolean): Promise<ConformanceBench> {
  const network = await startTestNetwork();
  const open = (timeoutMs: number) =>
    createSandboxProcessor({ baseUrl: network.url, timeoutMs, prepares });
  const [processor, impatient] = [open(PATIENCE_MS), open(IMPATIENT_MS)];
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
    knowsReferences: true,
    keysKeptMs: KEYS_KEPT_MS,
    forgetKeys: async () => {
      await network.call("DELETE", "/admin/keys");
    },
    completeChallenge: async (redirectUrl) => {
      await network.post(`${new URL(redirectUrl).pathname}/complete`);
    },
    close: async () => {
      await Promise.all([processor.close(), impatient.close()]);
      await network.close();
    },
  };
}

conformance("the sandbox", [], () => startBench(false));
conformance("the sandbox that prepares", ["capture", "refund"], () => startBench(true));

test("is in the registry under its name", async () => {
  const processors = createProcessors({
    sandboxUrl: "http://127.0.0.1:9",
    sandboxWebhookSecret: undefined,
    timeoutMs: 1_000,
  });
  expect([...processors.keys()]).toEqual(["sandbox"]);
  for (const processor of processors.values()) {
    expect(processor.capabilities).toEqual({
      resolution: forEveryOperation("REVERSAL_BY_REFERENCE"),
      keyLifetimeMs: 0,
      prepares: [],
      canLookUp: true,
      lists: { operations: [...PROCESSOR_OPERATIONS], withinMs: 300_000 },
      reverses: ["charge", "authorize", "capture", "refund", "void"],
      reversesMovements: ["charge", "authorize", "capture", "refund"],
      feeKnownAtApproval: true,
      multicapture: true,
      requestHorizonMs: 6_000,
    });
    expect(processor.verifyWebhook).toBeUndefined();
    await processor.close();
  }
});
