import type { Processor } from "../../src/processors/processor";
import { type TestApp, startTestApp } from "../support/app";
import { aConfirmedIntent, aMerchant, theIntent } from "../support/factories";
import { waitFor } from "../support/wait-for";

/**
 * A worker that is taken for dead, and sends and settles after all while its attempt is being given up: whether the
 * payment stands or is undone, the network's books and ours must say the same.
 */

let t: TestApp;
let real: Processor;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "0,600000" });
  real = t.app.processors.get("sandbox") as Processor;
});
afterAll(() => t.stop());

/** The processor as it is, with something that happens on the way of some of its calls. */
function between(overrides: Partial<Processor>): void {
  (t.app.processors as Map<string, Processor>).set("sandbox", { ...real, ...overrides });
}

it.each(["lookUp", "reverse"] as const)(
  "when that happens during the call to %s",
  async (moment) => {
    const merchant = await aMerchant(t);
    const { id } = await aConfirmedIntent(t, merchant.id);
    let wakeUp: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => {
      wakeUp = resolve;
    });
    between({
      send: async (request) => {
        await asleep;
        return real.send(request);
      },
    });
    await t.relayOnce();
    const worker = t.runCharges();
    await waitFor("the claim", async () => {
      const sent = await t.db("attempts").where({ payment_intent_id: id, status: "SENT" });
      return sent.length === 1;
    });
    const wokenNow = async (): Promise<void> => {
      wakeUp();
      await worker;
    };
    between({
      lookUp: async (reference) => {
        const found = await real.lookUp(reference);
        if (moment === "lookUp") await wokenNow();
        return found;
      },
      reverse: async (reference) => {
        if (moment === "reverse") await wokenNow();
        return real.reverse(reference);
      },
    });
    await t.killWorker();
    await t.sweepOnce();
    between({});
    await t.makeDue();
    await t.drain();
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "SUCCEEDED" });
    const attempts = await t.db("attempts").where({ payment_intent_id: id }).orderBy("id");
    const statuses = attempts.map(({ status }) => status);
    expect(statuses).toEqual(moment === "lookUp" ? ["SUCCEEDED"] : ["ABANDONED", "SUCCEEDED"]);
    // That one movement stands, and for the attempt that says so, is what the audit at the end looks at.
  },
);
