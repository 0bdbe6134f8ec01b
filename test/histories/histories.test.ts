import fc from "fast-check";
import { type TestApi, startTestApi } from "../support/api";
import { batches } from "./history";
import { play } from "./play";

/**
 * Random lives of payments against a small model: every answer, every state, the ledger and the network's own books
 * must be what the model says, with a tenth of the network's answers lost. A failing life is shrunk to the shortest one
 * that fails, and printed with the seed that plays it again.
 */

const PAYMENTS = 1_000;
const AT_ONCE = 40;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_LOOKUP_SCHEDULE_MS: "600000",
    ONCEPAY_LIMIT_CONFIRMS: "intent=off,address=off",
  });
  await api.sandbox.setFault({ fault: "lose_response", rate: 0.05, seed: 7 });
  await api.sandbox.setFault({ fault: "error_after", rate: 0.05, seed: 8 });
});
afterAll(() => api.stop());

it(`agrees with the model in ${PAYMENTS.toLocaleString("en")} random lives`, async () => {
  await fc.assert(
    fc.asyncProperty(batches(AT_ONCE), (batch) => play(api, batch)),
    { numRuns: PAYMENTS / AT_ONCE, endOnFailure: false },
  );
}, 600_000);
