import Stripe from "stripe";
import {
  type Processor,
  type ProcessorAttempt,
  type ProcessorCapabilities,
  type ProcessorRequest,
  type SendOutcome,
  type Unknown,
} from "../processor";
import { called } from "./call";
import { lookUpCapture, lookUpVoid, sendCapture, sendVoid } from "./captures";
import { lookUpCharge, prepareCharge, reverseCharge, sendCharge, whyNot } from "./charges";
import { listStripeEvents } from "./events";
import { createStripeHttpClient } from "./http-client";
import { listStripeMovements } from "./movements";
import { unknown } from "./outcomes";
import { listStripePayoutLines, listStripePayouts } from "./payouts";
import { lookUpRefund, sendRefund } from "./refunds";
import { STRIPE_API_VERSION } from "./version";
import { verifyStripeWebhook } from "./webhooks";

/** Stripe keeps keys for 24 hours at least. */
const KEY_LIFETIME_MS = 23 * 3_600_000;

// Stripe gives a request most of a minute and a half, with whom it may have to talk to.
const UNDER_WAY_MS = 90_000;

const CAPABILITIES: Omit<ProcessorCapabilities, "requestHorizonMs"> = {
  resolution: {
    // By cancelling the PaymentIntent, after which nobody can confirm it, or by a refund of all of it.
    charge: "REVERSAL_BY_REFERENCE",
    authorize: "REVERSAL_BY_REFERENCE",
    capture: "KEY_REPEAT",
    refund: "KEY_REPEAT",
    void: "LOOKUP",
  },
  keyLifetimeMs: KEY_LIFETIME_MS,
  prepares: ["charge", "authorize"],
  canLookUp: true,
  reverses: ["charge", "authorize"],
  // Its balance has no authorisations and voids; a line is written within an hour, Stripe says.
  lists: { operations: ["charge", "capture", "refund"], withinMs: 90 * 60_000 },
  feeKnownAtApproval: false,
  multicapture: true,
};

export interface StripeIdentity {
  readonly externalAccountId: string;
  readonly mode: "TEST" | "LIVE";
}

export interface StripeProcessor extends Processor {
  /** Whose key it is; undefined when Stripe refuses it. Throws when it does not answer. */
  identify(): Promise<StripeIdentity | undefined>;
}

/** One account at Stripe. */
export function createStripeProcessor(options: {
  readonly credentials: { readonly secretKey: string };
  /** Any of them may have signed; without one, webhooks are refused. */
  readonly webhookSecrets: readonly string[];
  readonly timeoutMs: number;
  /** Where Stripe is; somewhere else in tests. */
  readonly apiBase?: string;
  readonly connections?: number;
}): StripeProcessor {
  const { credentials, webhookSecrets, timeoutMs, connections = 64 } = options;
  const base = new URL(options.apiBase ?? "https://api.stripe.com");
  const httpClient = createStripeHttpClient({ origin: base.origin, timeoutMs, connections });
  const stripe = new Stripe(credentials.secretKey, {
    apiVersion: STRIPE_API_VERSION,
    httpClient,
    timeout: timeoutMs,
    maxNetworkRetries: 0,
    telemetry: false,
  });
  return {
    name: "stripe",
    capabilities: { ...CAPABILITIES, requestHorizonMs: timeoutMs + UNDER_WAY_MS },
    identify: () => identify(stripe),
    prepare: (request) => prepareCharge(stripe, request),
    send: (request) => understood(() => send(stripe, request)),
    lookUp: (attempt) => understood(() => LOOK_UP[attempt.operation](stripe, attempt)),
    reverse: async (attempt) =>
      isPrepared(attempt)
        ? understood(() => reverseCharge(stripe, attempt))
        : unknown(`a ${attempt.operation} cannot be undone`),
    ...(webhookSecrets.length > 0 && {
      verifyWebhook: (rawBody, headers) => [
        verifyStripeWebhook({ secrets: webhookSecrets, rawBody, headers }),
      ],
    }),
    listMovements: (window) => listStripeMovements(stripe, window),
    listEvents: (window) => listStripeEvents(stripe, window),
    listPayouts: (since) => listStripePayouts(stripe, since),
    listPayoutLines: (page) => listStripePayoutLines(stripe, page),
    close: () => httpClient.close(),
  };
}

const SEND = {
  charge: sendCharge,
  authorize: sendCharge,
  capture: sendCapture,
  refund: sendRefund,
  void: sendVoid,
} as const;

const LOOK_UP = {
  charge: lookUpCharge,
  authorize: lookUpCharge,
  capture: lookUpCapture,
  refund: lookUpRefund,
  void: lookUpVoid,
} as const;

/** The package types an answer, and does not check it: one that is not what it should be proves nothing. */
async function understood<Outcome>(work: () => Promise<Outcome>): Promise<Outcome | Unknown> {
  try {
    return await work();
  } catch {
    return unknown("the answer could not be understood");
  }
}

/** Whoever asks for it: no key is repeated that Stripe may have forgotten. A charge needs no key to be made once. */
async function send(stripe: Stripe, request: ProcessorRequest): Promise<SendOutcome> {
  const ageMs = request.sentAt ? Date.now() - request.sentAt.getTime() : 0;
  if (ageMs > KEY_LIFETIME_MS && !isPrepared(request)) return unknown("its key may be forgotten");
  return SEND[request.operation](stripe, request);
}

function isPrepared({ operation }: ProcessorAttempt): boolean {
  return CAPABILITIES.prepares.includes(operation);
}

async function identify(stripe: Stripe): Promise<StripeIdentity | undefined> {
  const found = await called(async () => {
    const account = await stripe.accounts.retrieveCurrent();
    const { livemode } = await stripe.balance.retrieve();
    return { externalAccountId: account.id, mode: livemode ? "LIVE" : "TEST" } as const;
  });
  if (found.kind === "done") return found.value;
  if (found.kind === "refused") return undefined;
  throw new Error(`Stripe does not say whose key it is: ${whyNot(found)}`);
}
