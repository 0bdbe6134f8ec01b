import Stripe from "stripe";
import type { Processor, ProcessorRequest } from "../../src/processors/processor";
import { STRIPE_API_VERSION } from "../../src/processors/stripe/version";

/** Who says what moved, and is not the adapter: Stripe's own objects, read by the package as it comes. */
export function watched(
  processor: Processor,
  stripe: Stripe,
): { readonly processor: Processor; readonly moved: (reference: string) => Promise<string[]> } {
  const intents = new Map<string, { id: string; operation: ProcessorRequest["operation"] }>();
  const note = (request: ProcessorRequest, id: string | null): void => {
    const { reference, operation } = request;
    if (id !== null) intents.set(reference, { id, operation });
  };
  return {
    processor: {
      ...processor,
      prepare: async (request) => {
        const prepared = await processor.prepare?.(request);
        if (prepared === undefined) throw new Error("It cannot prepare.");
        if (prepared.kind === "prepared") note(request, prepared.processorRef);
        return prepared;
      },
      send: (request) => {
        note(request, request.targetProcessorRef ?? request.processorRef);
        return processor.send(request);
      },
    },
    moved: async (reference) => {
      const known = intents.get(reference);
      if (!known) return [];
      const intent = await stripe.paymentIntents.retrieve(known.id);
      const refunds = await stripe.refunds.list({ payment_intent: known.id, limit: 100 });
      return movedBy({ ...known, reference, intent, refunds: refunds.data });
    },
  };
}

function movedBy(seen: {
  readonly reference: string;
  readonly operation: ProcessorRequest["operation"];
  readonly intent: Stripe.PaymentIntent;
  readonly refunds: readonly Stripe.Refund[];
}): string[] {
  const { reference, operation, intent, refunds } = seen;
  const { amount, amount_received: received, status, metadata } = intent;
  const refunded = (name: string, kind: string): string[] =>
    refunds
      .filter((refund) => refund.metadata?.[name] === reference && refund.status !== "failed")
      .map((refund) => `${kind} ${String(refund.amount)}`);
  switch (operation) {
    case "charge":
      return [
        ...(status === "succeeded" ? [`capture ${String(received)}`] : []),
        ...refunded("oncepay_reverses", "reverse"),
      ];
    case "authorize":
      return intent.latest_charge === null ? [] : [`authorize ${String(amount)}`];
    case "capture":
      return metadata[reference] === undefined ? [] : [`capture ${metadata[reference]}`];
    case "void": {
      const isGone = status === "canceled" || metadata[reference] !== undefined;
      return isGone ? [`void ${String(amount - received)}`] : [];
    }
    case "refund":
      return refunded("oncepay_attempt", "refund");
  }
}

export function openWitness(secretKey: string, upstream: string): Stripe {
  const { hostname: host, port, protocol } = new URL(upstream);
  return new Stripe(secretKey, {
    apiVersion: STRIPE_API_VERSION,
    host,
    ...(port !== "" && { port }),
    protocol: protocol === "http:" ? "http" : "https",
    telemetry: false,
  });
}
