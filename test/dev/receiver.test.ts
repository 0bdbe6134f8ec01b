import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { createReceiver } from "../../src/dev/receiver";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const receiver = createReceiver(secret);
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});

afterAll(() => {
  receiver.close();
  receiver.closeAllConnections();
});

async function post(id: string, changes: { secret?: string; at?: Date; sent?: string } = {}) {
  const body = JSON.stringify({ type: "payment_intent.created", data: { object: { id } } });
  const at = changes.at ?? new Date();
  const response = await fetch(`${url}/webhooks`, {
    method: "POST",
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": `v1,${"A".repeat(43)}= ${new Webhook(changes.secret ?? secret).sign(id, at, body)}`,
    },
    body: changes.sent ?? body,
  });
  await response.arrayBuffer();
  return response.status;
}

interface Received {
  events: { id: string; type: string }[];
}

async function received(): Promise<Received> {
  return (await (await fetch(`${url}/received`)).json()) as Received;
}

test("accepts what a Standard Webhooks library signed, and counts a second copy as a duplicate", async () => {
  expect(await post("evt_1")).toBe(200);
  expect(await post("evt_1")).toBe(200);
  expect(await post("evt_2")).toBe(200);
  const answer = await received();
  expect(answer).toMatchObject({ received: 3, verified: 3, rejected: 0, duplicates: 1 });
  expect(answer.events.map((event) => event.id)).toEqual(["evt_1", "evt_2"]);
  expect(answer.events[0]?.type).toBe("payment_intent.created");
});

test("rejects another secret, another body and an old timestamp", async () => {
  const stranger = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
  expect(await post("evt_3", { secret: stranger })).toBe(401);
  expect(await post("evt_3", { sent: "{}" })).toBe(401);
  expect(await post("evt_3", { at: new Date(Date.now() - 600_000) })).toBe(401);
  const answer = await received();
  expect(answer).toMatchObject({ received: 6, verified: 3, rejected: 3 });
});
