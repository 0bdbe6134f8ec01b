import type { Server } from "node:http";
import pino, { type Logger } from "pino";
import { httpUrl, listenHttp } from "../process/listen";
import { allNetworks, networkOfRow } from "./accounts";
import { createKeys } from "./keys";
import { openBooks } from "./books";
import { createSandboxBooks } from "./books-schema";
import { armChallengeExpiry } from "./challenges";
import { scheduleDispute } from "./disputes";
import { createLatency } from "./latency";
import { createStats, scheduleLateRefund, type Network } from "./network";
import { createNetworkServer } from "./network-server";
import { applyRow, createNetworkState } from "./network-state";
import type { Operation } from "./operation";
import { createRandom } from "./random";
import { readBooks } from "./read-books";
import { createWebhookSender } from "./webhook-sender";

export interface SandboxOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  readonly portFallback?: boolean;
  readonly instanceId?: string;
  readonly databaseUrl: string;
  readonly webhookSecret: string;
  /** Where the network posts its own webhooks; none are sent without. */
  readonly webhookUrl?: string | undefined;
  /** Where a shopper's browser reaches the network, when not at the address it listens on. */
  readonly publicUrl?: string | undefined;
  readonly minMs?: number | undefined;
  readonly maxMs?: number | undefined;
  readonly seed?: number | undefined;
  readonly log?: Logger | undefined;
  /** The books cannot be written any more, and the network has stopped answering. */
  readonly onFatal?: ((error: Error) => void) | undefined;
}

export interface Sandbox {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const DRAIN_MAX_MS = 2_000;

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const log = options.log ?? pino({ level: "silent" });
  await createSandboxBooks(options.databaseUrl);
  const books = await openBooks({ databaseUrl: options.databaseUrl, log });
  const network = createNetwork({ ...options, log, books });
  const server = createNetworkServer(network);
  void books.failure.then((error) => {
    log.fatal({ err: error }, "the books cannot be written");
    // Memory is ahead of the books now. Whoever asks must get no answer rather than a wrong one.
    server.close();
    server.closeAllConnections();
    options.onFatal?.(error);
  });
  try {
    await restore(network);
    const port = await listenHttp(server, { ...options, setting: "PORT" });
    const url = httpUrl(options.host, port);
    network.publicUrl = (options.publicUrl ?? url).replace(/\/+$/, "");
    return { url, port, close: () => closeNetwork(network, server) };
  } catch (error) {
    await closeNetwork(network, server);
    throw error;
  }
}

function createNetwork(
  options: SandboxOptions & { readonly log: Logger; readonly books: Network["books"] },
): Network {
  const { minMs = 100, maxMs = 800, seed = 1, log, books } = options;
  const settings = {
    url: options.webhookUrl,
    secret: options.webhookSecret,
    enabled: true,
    duplicateRate: 0,
    delayMinMs: 0,
    delayMaxMs: 0,
    shuffle: false,
  };
  return {
    state: createNetworkState(),
    books,
    latency: createLatency({ minMs, maxMs, seed }),
    faults: [],
    webhooks: createWebhookSender({ settings, random: createRandom(seed + 1), log }),
    stats: createStats(),
    log,
    seed,
    keys: createKeys(),
    accounts: new Map(),
    revokedKeys: new Set(),
    settling: new Map(),
    timers: new Set(),
    instanceId: options.instanceId ?? "",
    publicUrl: "",
    outage: false,
    closed: false,
  };
}

/** Reads the books; what was waiting for its time when the network stopped continues to wait. */
async function restore(network: Network): Promise<void> {
  await readBooks(network.books.reader, (row) => {
    applyRow(networkOfRow(network, row).state, row);
    if (row.type === "movement") network.stats.movements[row.kind] += 1;
  });
  for (const one of allNetworks(network)) {
    for (const { operations } of one.state.references.values()) {
      for (const operation of operations) resume(one, operation);
    }
  }
}

function resume(network: Network, operation: Operation): void {
  armChallengeExpiry(network, operation);
  if (operation.pendingRefund === true || operation.status === "succeeded") {
    scheduleLateRefund(network, operation);
    scheduleDispute(network, operation);
  }
}

/** Allows a moment for what is being decided to be answered; hanging requests are not waited for. */
async function closeNetwork(network: Network, server: Server): Promise<void> {
  if (network.closed) return;
  network.closed = true;
  for (const timer of network.timers) clearTimeout(timer);
  // It calls back at once, with an error, if it was not listening.
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  const deadline = Date.now() + DRAIN_MAX_MS;
  while (network.stats.concurrent > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  server.closeAllConnections();
  await stopped;
  await Promise.all(allNetworks(network).map(({ webhooks }) => webhooks.close()));
  await network.books.close();
}
