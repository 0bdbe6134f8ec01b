import { createHmac } from "node:crypto";
import { serveTasks } from "../helper";
import { type LoopPlan, askInLoops, runClosedLoop } from "./closed-loop";
import { type OpenLoopPlan, runOpenLoop } from "./open-loop";
import { type PaymentsPlan, preparePayments } from "./payments";

/** The load generator's process. */

let payments: Awaited<ReturnType<typeof preparePayments>> | undefined;

/** Asks a receiver directly, as fast as it answers: what no sender can be faster than. */
function post(plan: { port: number; clients: number; seconds: number; secret: string }) {
  const key = Buffer.from(plan.secret.replace(/^whsec_/, ""), "base64");
  const body = JSON.stringify({ data: "x".repeat(900) });
  let count = 0;
  return askInLoops(plan, () => {
    count += 1;
    const [id, at] = [`ceiling_${String(count)}`, String(Math.floor(Date.now() / 1_000))];
    const digest = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
    const text = [
      "POST /webhooks HTTP/1.1",
      "host: 127.0.0.1",
      `webhook-id: ${id}`,
      `webhook-timestamp: ${at}`,
      `webhook-signature: v1,${digest}`,
      `content-length: ${String(body.length)}\r\n\r\n${body}`,
    ].join("\r\n");
    return { text };
  });
}

serveTasks({
  loop: (plan: LoopPlan) => runClosedLoop(plan),
  open: (plan: OpenLoopPlan) => runOpenLoop(plan),
  post,
  preparePayments: async ({ secret }: { secret: string }) => {
    payments?.close();
    payments = await preparePayments(secret);
    return payments.port;
  },
  payments: (plan: PaymentsPlan) => {
    if (!payments) return Promise.reject(new Error("preparePayments comes first"));
    return payments.run(plan);
  },
});
