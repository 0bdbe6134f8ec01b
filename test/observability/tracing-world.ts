import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createClient } from "../../src/sdk/client";
import { ensureBuilt } from "../attack/built";
import type { Child } from "../attack/child";
import { type Cluster, clusterOfTestRun } from "../attack/cluster";
import { type Installation, startInstallation } from "../attack/installation";
import { type Forwarder, startForwarder } from "../support/forwarder";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";

/** Real processes, with somebody between the worker and the card network, and a receiver that keeps headers. */
export interface TracingWorld {
  readonly installation: Installation;
  readonly api: Child;
  readonly worker: Child;
  readonly network: Forwarder;
  readonly receiver: TestReceiver;
  /** Sends an operation as a backend does, with these headers as well. */
  send(query: string, variables: object, headers?: Record<string, string>): Promise<Answer>;
  /** Creates and confirms, and waits until the receiver has heard that it succeeded. */
  pay(key: string, headers?: Record<string, string>): Promise<string>;
  /** Ends both processes, as whoever deploys does, and gives the packages of OpenTelemetry that each had loaded. */
  stopOurs(): Promise<string[][]>;
  close(): Promise<void>;
}

type Answer = Record<string, { paymentIntent: { id: string } }>;

const CREATE = `mutation ($input: CreatePaymentIntentInput!, $key: String!) {
  createPaymentIntent(input: $input, idempotencyKey: $key) { paymentIntent { id } }
}`;
const CONFIRM = `mutation ($id: ID!, $key: String!) {
  confirmPaymentIntent(input: { paymentIntentId: $id }, idempotencyKey: $key) { paymentIntent { id } }
}`;
export const CARD = "pm_card_visa";
export const CUSTOMER = "ada@example.com";

export async function startTracingWorld(
  name: string,
  env: Record<string, string> = {},
): Promise<TracingWorld> {
  await ensureBuilt();
  const cluster: Cluster = clusterOfTestRun();
  const [network, receiver] = await Promise.all([startForwarder(), startReceiver()]);
  const modules = path.join(cluster.directory, `${name}-modules`);
  mkdirSync(modules, { recursive: true });
  const installation = await startInstallation(cluster, {
    name,
    env: {
      ...env,
      ONCEPAY_SANDBOX_URL: network.url,
      NODE_OPTIONS: `--require ${path.join(__dirname, "note-modules.js")}`,
      NOTED_MODULES: modules,
    },
  });
  network.to(installation.sandbox.url);
  const [api, worker] = [...installation.apis, ...installation.workers];
  if (!api || !worker) throw new Error("a part of the installation is missing");
  const { secretKey: apiKey } = installation.merchant;
  const client = createClient({ url: `${api.url}/graphql`, apiKey });
  await client.createWebhookEndpoint({ url: receiver.url, eventTypes: [] });
  const send: TracingWorld["send"] = async (query, variables, headers = {}) => {
    const response = await fetch(`${api.url}/graphql`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${apiKey}`,
        "content-type": "application/json",
        ...headers,
      },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: Answer; errors?: unknown };
    expect(errors).toBeUndefined();
    return data;
  };
  return {
    installation,
    api,
    worker,
    network,
    receiver,
    send,
    pay: async (key, headers) => {
      const input = {
        amount: 1_250,
        currency: "EUR",
        paymentMethod: CARD,
        customer: CUSTOMER,
        description: "a blue shirt",
      };
      const created = await send(CREATE, { input, key: `${key}-create` }, headers);
      const id = created["createPaymentIntent"]?.paymentIntent.id ?? "";
      await send(CONFIRM, { id, key: `${key}-confirm` }, headers);
      await waitFor(`${id} to succeed`, () =>
        receiver.received.some(({ body }) => eventIn(body) === `payment_intent.succeeded ${id}`),
      );
      await waitFor("nothing to be under way", () => isIdle(installation));
      return id;
    },
    stopOurs: async () => {
      const pids = [api.pid(), worker.pid()];
      await Promise.all([api.stop(), worker.stop()]);
      return pids.map((pid) => {
        const file = path.join(modules, `${String(pid)}.json`);
        return JSON.parse(readFileSync(file, "utf8")) as string[];
      });
    },
    close: async () => {
      await installation.stop();
      await Promise.all([network.close(), receiver.close()]);
      await cluster.remove();
    },
  };
}

/** Type and subject of an event. */
export function eventIn(body: string): string {
  const { type, subjectId } = JSON.parse(body) as { type: string; subjectId: string };
  return `${type} ${subjectId}`;
}

async function isIdle({ db }: Installation): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select (select count(*) from outbox)::int
      + (select count(*) from attempts where settled_at is null)::int
      + (select count(*) from webhook_deliveries where status <> 'SUCCEEDED')::int as count`,
  );
  return rows[0]?.count === 0;
}
