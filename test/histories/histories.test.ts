import fc from "fast-check";
import { type TestApi, startTestApi } from "../support/api";
import { batches } from "./history";
import { play } from "./play";
import { postOneSided, stopWatching, watchTrialBalance, watchedCommits } from "./trial-balance";

/**
 * Random lives of payments against a small model: every answer, every state, the ledger and the network's own books must
 * be what the model says, with a tenth of the network's answers lost, and the trial balance zero at every commit. A
 * failing life is shrunk to the shortest one that fails, and printed with the seed that plays it again.
 */

// The long form is `npm run attack -- --only histories`, which hears how far it is.
const LIVES = Number(process.env["HISTORIES"] ?? 1_000);
const SEED = Number(process.env["HISTORIES_SEED"] ?? 1);
// Lives side by side wait together. More than these, and each has to wait for the others.
const AT_ONCE_MAX = 125;
const AT_ONCE = Math.min(AT_ONCE_MAX, LIVES);
const MS_EACH = 600;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    ONCEPAY_LOOKUP_SCHEDULE_MS: "600000",
    ONCEPAY_LIMIT_CONFIRMS: "intent=off,address=off",
  });
  await watchTrialBalance(api.db);
  // What is decided later is decided soon: workers ask until it is.
  await api.sandbox.setLatency(0, 0, 1);
  await api.sandbox.setFault({ fault: "lose_response", rate: 0.05, seed: 7 });
  await api.sandbox.setFault({ fault: "error_after", rate: 0.05, seed: 8 });
});
afterAll(async () => {
  await stopWatching(api.db);
  await api.stop();
});

it(
  `agrees with the model in ${LIVES.toLocaleString("en")} random lives`,
  async () => {
    const done = { lives: 0, acts: 0, held: 0 };
    const property = fc.asyncProperty(batches(AT_ONCE), async (batch) => {
      done.held += await play(api, batch);
      done.lives += AT_ONCE;
      done.acts += batch.histories.reduce((sum, { acts }) => sum + acts.length, 0);
      if (process.env["HISTORIES"] !== undefined) {
        process.stderr.write(`${String(done.lives)} lives, ${String(done.acts)} acts\n`);
      }
    });
    await fc.assert(property, { seed: SEED, numRuns: Math.ceil(LIVES / AT_ONCE) });
    expect(await watchedCommits(api.db)).toBeGreaterThan(LIVES / 2);
    // It does not say so of anything.
    await expect(postOneSided(api.db, api.merchant.id)).rejects.toThrow("is not zero");
    // Where no outcome was ever unknown, nothing was said about suspense.
    if (LIVES >= AT_ONCE_MAX) expect(done.held).toBeGreaterThan(0);
  },
  LIVES * MS_EACH,
);
