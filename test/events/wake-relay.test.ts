import { Client } from "pg";
import { OUTBOX_CHANNEL } from "../../src/events/outbox";
import { createRelayWaker } from "../../src/events/wake-relay";
import { startTestApp } from "../support/app";
import { waitUntil } from "../../src/dev/wait-until";

test("wakes whoever listens, few times however often it is asked, and once more after the last", async () => {
  const system = await startTestApp();
  const listener = new Client({ connectionString: system.databaseUrl });
  await listener.connect();
  await listener.query(`listen ${OUTBOX_CHANNEL}`);
  let heard = 0;
  listener.on("notification", () => {
    heard += 1;
  });
  try {
    const wake = createRelayWaker(system.db);
    for (let index = 0; index < 1_000; index += 1) wake();
    expect(await waitUntil(() => Promise.resolve(heard === 2), { timeoutMs: 2_000 })).toBe(true);
    wake();
    expect(await waitUntil(() => Promise.resolve(heard === 3), { timeoutMs: 2_000 })).toBe(true);
  } finally {
    await listener.end();
    await system.stop();
  }
});
