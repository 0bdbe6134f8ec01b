import { Client } from "pg";
import { OUTBOX_CHANNEL } from "../../src/events/outbox";
import { createRelayWaker } from "../../src/events/wake-relay";
import { startTestApp } from "../support/app";
import { waitFor } from "../support/wait-for";

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
    await waitFor("two", () => heard === 2);
    wake();
    await waitFor("one more", () => heard === 3);
  } finally {
    await listener.end();
    await system.stop();
  }
});
