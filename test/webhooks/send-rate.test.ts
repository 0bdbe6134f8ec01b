import { type Sends, nextSendFromMs, noteSend } from "../../src/webhooks/send-rate";

/* Whenever a second begins, no more than the rate is sent within it: also by a process that was late for its places. */
test.each([1, 7, 200])("no second has more than %d", (rateLimit) => {
  const sends: Sends = { spentUntilMs: 0 };
  const all: number[] = [];
  let nowMs = 0;
  for (let n = 0; n < 5 * rateLimit; n += 1) {
    // Now and then nothing happens for three seconds, and then everything is late.
    const placeMs = (n * 1_000) / rateLimit + (n % rateLimit === 0 ? 3_000 : 0);
    nowMs = Math.max(nowMs, placeMs, nextSendFromMs(sends));
    noteSend(sends, { rateLimit, nowMs });
    all.push(nowMs);
  }
  for (const fromMs of all) {
    expect(all.filter((at) => at >= fromMs && at < fromMs + 1_000).length).toBeLessThanOrEqual(
      rateLimit,
    );
  }
});
