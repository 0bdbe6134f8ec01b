import { ROLES, type RunningWorker, startWorker } from "../../workers/worker";
import { type TestApp, startTestApp } from "../support/app";
import { payThroughOutage } from "../support/outage";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { redisIsMissing } from "../support/redis";
import { type TestSentinels, startSentinels } from "../support/redis-sentinel";

const NOT_HERE = redisIsMissing();
const withRedis = NOT_HERE === undefined ? describe : describe.skip;
if (NOT_HERE !== undefined)
  console.info(`Skipped: the queue on Redis with Sentinel (${NOT_HERE}).`);

withRedis("the queue on Redis with Sentinel", () => {
  let sentinels: TestSentinels;
  let t: TestApp;
  let receiver: TestReceiver;
  let worker: RunningWorker;
  beforeAll(async () => {
    sentinels = await startSentinels();
    t = await startTestApp({ REDIS_URL: sentinels.url, ONCEPAY_SWEEP_MS: "50" });
    receiver = await startReceiver();
    worker = await startWorker(t.app, ROLES);
  });
  afterAll(async () => {
    await worker.stop();
    await receiver.close();
    await t.stop();
    await sentinels.stop();
  });

  it("makes every payment once and delivers every webhook when the primary is killed", async () => {
    await payThroughOutage(
      { t, receiver },
      {
        begin: async () => {
          const wiped = await sentinels.wipePrimary();
          return { over: () => wiped.promoted(), after: () => wiped.comeBack() };
        },
      },
    );
  });
});
