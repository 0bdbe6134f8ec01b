import {
  type Processor,
  type ProcessorAttempt,
  type ProcessorCapabilities,
  PROCESSOR_OPERATIONS,
  forEveryOperation,
} from "../processor";
import type { ConnectedProcessor } from "../kind";
import { type SandboxClient, createSandboxClient } from "./client";
import { readHeader, readLine, toMovementPage } from "./settlement";
import {
  toCall,
  toIdentity,
  toLookupOutcome,
  toPreparation,
  toPrepareOutcome,
  toReverseOutcome,
  toSendOutcome,
  toSending,
} from "./translate";
import { verifySandboxWebhook } from "./verify-webhook";

// What may still be under way after we have given up: buffers on the path, a slow accept queue.
const IN_TRANSIT_MS = 5_000;

/** An answer and its line are one commit of the network's books; its clock and ours may differ. */
const LISTS = { operations: PROCESSOR_OPERATIONS, withinMs: 5 * 60_000 };

// How old a signature may be: a copy that somebody kept is refused after that.
const SIGNED_WITHIN_MS = 5 * 60_000;

/** It takes no keys: whatever is lost is undone by its reference, and asked for anew. */
const CAPABILITIES: Omit<ProcessorCapabilities, "requestHorizonMs"> = {
  resolution: forEveryOperation("REVERSAL_BY_REFERENCE"),
  keyLifetimeMs: 0,
  prepares: [],
  canLookUp: true,
  lists: LISTS,
  reverses: PROCESSOR_OPERATIONS,
  reversesMovements: ["charge", "authorize", "capture", "refund"],
  feeKnownAtApproval: true,
  multicapture: true,
};

/**
 * The network's other door, which is like those of processors that prepare: charges are prepared and then sent, what
 * follows them takes a key, which is kept for a day, and only charges can be undone by reference.
 */
const PREPARING: Omit<ProcessorCapabilities, "requestHorizonMs"> = {
  resolution: {
    charge: "REVERSAL_BY_REFERENCE",
    authorize: "REVERSAL_BY_REFERENCE",
    capture: "KEY_REPEAT",
    refund: "KEY_REPEAT",
    void: "LOOKUP",
  },
  keyLifetimeMs: 23 * 3_600_000,
  prepares: ["charge", "authorize"],
  canLookUp: true,
  lists: LISTS,
  reverses: ["charge", "authorize"],
  feeKnownAtApproval: true,
  multicapture: true,
};

export function createSandboxProcessor(options: {
  readonly baseUrl: string;
  /** Of an account of the network; without one it is the installation's. */
  readonly secretKey?: string | undefined;
  /** What the network signs its webhooks with, any of them; without one they are refused. */
  readonly webhookSecrets?: readonly string[];
  readonly timeoutMs?: number;
  readonly connections?: number;
  /** By the door where charges are prepared: another processor, by another name. */
  readonly prepares?: boolean;
}): ConnectedProcessor {
  const {
    baseUrl,
    secretKey,
    webhookSecrets = [],
    timeoutMs = 10_000,
    connections = 256,
  } = options;
  const client = createSandboxClient({ baseUrl, secretKey, timeoutMs, connections });
  const requestHorizonMs = timeoutMs + IN_TRANSIT_MS;
  return {
    ...(options.prepares === true
      ? { name: "sandbox_prepares", capabilities: { ...PREPARING, requestHorizonMs } }
      : { name: "sandbox", capabilities: { ...CAPABILITIES, requestHorizonMs } }),
    ...(options.prepares === true ? inTwoPhases(client) : inOnePhase(client)),
    reverse: async ({ reference, traceparent }) =>
      toReverseOutcome(
        await client.post(`/v1/reverse/${encodeURIComponent(reference)}`, {}, { traceparent }),
      ),
    identify: async () => toIdentity(await client.get("/v1/account")),
    ...(webhookSecrets.length > 0 && {
      verifyWebhook: (rawBody, headers) => [
        verifySandboxWebhook({
          secrets: webhookSecrets,
          header: headers["sandbox-signature"]?.toString(),
          body: rawBody,
          nowMs: Date.now(),
          toleranceMs: SIGNED_WITHIN_MS,
        }),
      ],
    }),
    listMovements: async ({ from, to, after }) => {
      const query = new URLSearchParams({ from, to, ...(after !== null && { after }) });
      return toMovementPage(await client.get(`/v1/movements?${query.toString()}`));
    },
    settlementFormat: { readHeader, readLine },
    close: () => client.close(),
  };
}

type Ways = Pick<Processor, "send" | "lookUp">;

const byReference = (reference: string): string => `/v1/lookup/${encodeURIComponent(reference)}`;

function inOnePhase(client: SandboxClient): Ways & Pick<Processor, "reverseMovement"> {
  return {
    lookUp: async ({ reference, traceparent }) =>
      toLookupOutcome(await client.get(byReference(reference), { traceparent })),
    reverseMovement: async ({ movementId, reference }) => {
      const path = `/v1/movements/${encodeURIComponent(movementId)}/reverse`;
      return toReverseOutcome(await client.post(path, { reference }));
    },
    send: async (request) => {
      const { path, body } = toCall(request);
      return toSendOutcome(await client.post(path, body, { traceparent: request.traceparent }));
    },
  };
}

function inTwoPhases(client: SandboxClient): Ways & Pick<Processor, "prepare"> {
  return {
    lookUp: async (attempt) => {
      const path = isPrepared(attempt)
        ? `/v1/prepared/${encodeURIComponent(attempt.processorRef)}`
        : byReference(attempt.reference);
      return toLookupOutcome(await client.get(path, { traceparent: attempt.traceparent }));
    },
    prepare: async (request) => {
      const { path, body } = toPreparation(request);
      return toPrepareOutcome(await client.post(path, body, { traceparent: request.traceparent }));
    },
    send: async (request) => {
      const { path, body } = isPrepared(request) ? toSending(request) : toCall(request);
      const { reference: key, traceparent } = request;
      return toSendOutcome(await client.post(path, body, { key, traceparent }));
    },
  };
}

/** What follows a charge is not prepared, and its own name is known only from its answer. */
function isPrepared<Asked extends ProcessorAttempt>(
  asked: Asked,
): asked is Asked & { readonly processorRef: string } {
  return asked.processorRef !== null && PREPARING.prepares.includes(asked.operation);
}
