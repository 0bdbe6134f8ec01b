import { randomBytes } from "node:crypto";
import type { DevState } from "./dev-files";
import { PROGRAMS } from "./programs";

export const HELP = `npm start: the API, the worker, a sandbox card network and a webhook receiver on this machine.

Usage: npm start [-- OPTIONS]

  --directory DIR  where data, keys and addresses are kept (default .oncepay in the checkout);
                   use another directory to run another installation alongside
  --migrate        with DATABASE_URL: create oncepay's tables even in a database that holds other tables
  --observed       run Prometheus and Grafana as well, where they are installed, with the rules and dashboards of ops/
                   (npm run start:observed)
  --help           show this text

Settings, from the environment, in addition to every setting of the API and the worker:

  DATABASE_URL                  a Postgres of your own instead of the embedded one
  ONCEPAY_SANDBOX_DATABASE_URL  the card network's database (default: <name>_sandbox next to yours)
  REDIS_URL                     run the job queue on Redis instead of Postgres, and answer repeats from it
  HOST                          the address that the API listens on (default 127.0.0.1; everything else stays there)
${portLines()}
  LOG_LEVEL                     fatal, error, warn, info, debug, trace or silent (default info)

If a default port is taken, the port a hundred higher is used; a port that you set yourself is never replaced.
npm run reset removes data, keys and addresses. Ctrl-C stops everything in order; a second Ctrl-C stops it at once.`;

function portLines(): string {
  const lines = Object.entries(PROGRAMS).map(
    ([name, { chosenBy, usualPort }]) =>
      `  ${chosenBy.padEnd(30)}port of the ${name} (default ${String(usualPort)})`,
  );
  return lines.join("\n");
}

/** Addresses, keys, and commands to paste: a first payment without reading anything else. */
export function welcome(state: Omit<DevState, "pids" | "processes">): string {
  const run = randomBytes(3).toString("hex");
  const create = curl(
    state,
    "mutation($input: CreatePaymentIntentInput!, $key: String!) { createPaymentIntent(input: $input, idempotencyKey: $key) { paymentIntent { id status } idempotency { status } } }",
    `{"input":{"amount":2500,"currency":"USD","paymentMethod":"pm_card_visa"},"key":"create-${run}"}`,
  );
  const confirm = curl(
    state,
    "mutation($input: ConfirmPaymentIntentInput!, $key: String!) { confirmPaymentIntent(input: $input, idempotencyKey: $key) { paymentIntent { id status } idempotency { status } } }",
    `{"input":{"paymentIntentId":"'"$ID"'"},"key":"confirm-${run}"}`,
  );
  const query = curl(
    state,
    "query($id: ID!) { paymentIntent(id: $id) { id status amountCaptured } }",
    `{"id":"'"$ID"'"}`,
  );
  return `
oncepay is ready.

  GraphQL           ${state.graphqlUrl}
  demo shop         ${state.graphqlUrl.replace("/graphql", "/checkout")}
  console           ${state.graphqlUrl.replace("/graphql", "/console")}
  card network      ${state.sandboxUrl}/admin/movements
  webhooks          ${state.webhookReceiverUrl.replace("/webhooks", "/received")}
  database          ${withoutPassword(state.databaseUrl)}${state.dataDir === undefined ? "" : `, data in ${state.dataDir}`}${observersOf(state)}

  secret key        ${state.secretKey}
  publishable key   ${state.publishableKey}
  operator key      ${state.operatorKey}
  platform key      ${state.platformKey}

Create a payment of 25.00 USD (run it twice: the second answer is a replay):

ANSWER=$(${create}); echo "$ANSWER"
ID=$(echo "$ANSWER" | sed -n 's/.*"id":"\\(pi_[^"]*\\)".*/\\1/p')

Confirm it:

${confirm}

See the outcome:

${query}

Programs can read all of this from .oncepay/dev.json. Press Ctrl-C to stop.
`;
}

function observersOf({ prometheusUrl, grafanaUrl }: Parameters<typeof welcome>[0]): string {
  const lines = [
    ...(prometheusUrl === undefined ? [] : [`  prometheus        ${prometheusUrl}/alerts`]),
    ...(grafanaUrl === undefined ? [] : [`  grafana           ${grafanaUrl}/dashboards`]),
  ];
  return lines.map((line) => `\n${line}`).join("");
}

function curl(
  state: Pick<DevState, "graphqlUrl" | "secretKey">,
  text: string,
  variables: string,
): string {
  return `curl -s ${state.graphqlUrl} -H 'content-type: application/json' -H 'authorization: Bearer ${state.secretKey}' \\
  -d '{"query":"${text}","variables":${variables}}'`;
}

function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (url.password) url.password = "***";
  return url.href;
}
