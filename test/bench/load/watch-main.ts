import { randomUUID } from "node:crypto";
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { serveTasks } from "../helper";

/** Frontends: many subscriptions, and a client that confirms what they watch. */

interface Plan {
  readonly port: number;
  readonly key: string;
  readonly ids: readonly string[];
}

const WATCH =
  "subscription ($id: ID!) { paymentIntentUpdated(id: $id) { id status version updatedAt } }";
const CONFIRM = `mutation ($id: ID!, $key: String!) {
  confirmPaymentIntent(input: { paymentIntentId: $id }, idempotencyKey: $key) { paymentIntent { id } }
}`;
// Enough at once to be a load, and few enough that nothing waits in line for a processor.
const AT_ONCE = 8;

interface Seen {
  readonly status: string;
  readonly lagMs: number;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 10_000 });
let open: http.ClientRequest[] = [];
const seen = new Map<string, Seen[]>();

function ask(plan: Plan, body: object, accept: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${plan.key}`,
      "content-type": "application/json",
      accept,
    };
    const request = http.request(
      { agent, host: "127.0.0.1", port: plan.port, path: "/graphql", method: "POST", headers },
      (response) => {
        if (response.statusCode === 200) resolve(response);
        else reject(new Error(`it answered ${String(response.statusCode)}`));
      },
    );
    request.on("error", reject);
    if (accept === "text/event-stream") open.push(request);
    request.end(JSON.stringify(body));
  });
}

/** Resolves when the first state is there. */
async function watchOne(plan: Plan, id: string): Promise<void> {
  const body = { query: WATCH, variables: { id } };
  const response = await ask(plan, body, "text/event-stream");
  let text = "";
  await new Promise<void>((resolve) => {
    response.on("error", () => undefined);
    response.on("data", (chunk: Buffer) => {
      const nowMs = Date.now();
      text += chunk.toString();
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        note(id, text.slice(0, end), nowMs);
        text = text.slice(end + 2);
      }
      resolve();
    });
  });
}

function note(id: string, message: string, nowMs: number): void {
  const [, json] = /^data: (.+)$/m.exec(message) ?? [];
  if (json === undefined) return;
  const { data } = JSON.parse(json) as {
    data?: { paymentIntentUpdated: { status: string; updatedAt: string } };
  };
  if (!data) throw new Error(json);
  const { status, updatedAt } = data.paymentIntentUpdated;
  seen.set(id, [...(seen.get(id) ?? []), { status, lagMs: nowMs - Date.parse(updatedAt) }]);
}

async function inParts<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const one = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

serveTasks({
  watch: async (plan: Plan) => {
    seen.clear();
    await inParts(plan.ids, 50, (id) => watchOne(plan, id));
  },
  /** How long each change took to be seen, from the database's clock when it was made, to here. */
  confirm: async (plan: Plan) => {
    await inParts(plan.ids, AT_ONCE, async (id) => {
      const body = { query: CONFIRM, variables: { id, key: randomUUID() } };
      const response = await ask(plan, body, "application/json");
      response.resume();
      const isOver = (): boolean => seen.get(id)?.at(-1)?.status === "SUCCEEDED";
      for (let waits = 0; !isOver(); waits += 1) {
        if (waits > 6_000) throw new Error("a payment was not seen to succeed");
        await pause(5);
      }
    });
    return [...seen.values()].flatMap((states) => states.slice(1).map(({ lagMs }) => lagMs));
  },
  close: async () => {
    for (const request of open) request.destroy();
    open = [];
    await pause(500);
  },
});
