import Stripe from "stripe";
import {
  ListNotRead,
  type MovementPage,
  type MovementWindow,
  type ProcessorMovement,
} from "../processor";
import { capturesOf } from "./captures";
import { fromStripeAmount } from "./currencies";
import { ATTEMPT, OPERATION, REVERSES, isoOf } from "./outcomes";

/*
 * What moved, by Stripe's balance transactions: charges, captures and refunds, with their fees, and refunds that came back
 * because they did not reach the card. Guarantees: what is not
 * certainly one of our attempts is left out, so that it is missed where it is looked for, and never matched wrongly.
 * Authorisations and what lets go of them move nothing and are not in it; nor are disputes, payouts and Stripe's own fees.
 *
 * Cost: a call for each hundred, and one for each that was authorised first.
 */

export const PAGE = 100;

export async function listStripeMovements(
  stripe: Stripe,
  { from, to, after }: MovementWindow,
): Promise<MovementPage> {
  const page = await stripe.balanceTransactions
    .list({
      // Their clock has seconds. Both ends are made wider, and cut to the window below.
      created: { gte: secondsOf(from), lte: secondsOf(to) },
      limit: PAGE,
      expand: ["data.source"],
      ...(after !== null && { starting_after: after }),
    })
    .catch(notRead);
  const movements: ProcessorMovement[] = [];
  for (const line of page.data) {
    const movement = isWithin(line, { from, to }) ? await toMovement(stripe, line) : undefined;
    if (movement) movements.push(movement);
  }
  const last = page.data.at(-1);
  return { movements, next: page.has_more && last ? last.id : null };
}

export function notRead(error: unknown): never {
  const status = error instanceof Stripe.errors.StripeError ? error.statusCode : undefined;
  throw status === 401 || status === 403 ? new ListNotRead("CREDENTIALS_REFUSED") : error;
}

export function secondsOf(moment: string): number {
  return Math.floor(Date.parse(moment) / 1_000);
}

function isWithin(
  { created }: Stripe.BalanceTransaction,
  { from, to }: Pick<MovementWindow, "from" | "to">,
): boolean {
  return created * 1_000 >= Date.parse(from) && created * 1_000 < Date.parse(to);
}

type Whose = Pick<
  ProcessorMovement,
  "kind" | "amountMinor" | "currency" | "reference" | "chargeId" | "processorRef"
>;

/** Of a charge, a capture, a refund, or what undoes a charge, and certainly ours; undefined of anything else. */
export async function whoseOf(
  stripe: Stripe,
  line: Stripe.BalanceTransaction,
): Promise<Whose | undefined> {
  const { source } = line;
  if (typeof source !== "object" || source === null) return undefined;
  if (source.object === "charge") return ofCharge(stripe, line, source);
  if (source.object !== "refund") return undefined;
  if (REFUNDED.has(line.type)) return ofRefund(source);
  return RETURNED.has(line.type) ? ofReturned(source) : undefined;
}

async function toMovement(
  stripe: Stripe,
  line: Stripe.BalanceTransaction,
): Promise<ProcessorMovement | undefined> {
  const whose = await whoseOf(stripe, line);
  const fee = fromStripeAmount(line.fee, line.currency);
  if (whose === undefined || fee === undefined || fee < 0) return undefined;
  const feeCurrency = line.currency.toUpperCase();
  return {
    movementId: line.id,
    ...whose,
    feeMinor: fee,
    feeCurrency: feeCurrency === whose.currency ? null : feeCurrency,
    movedAt: isoOf(line.created),
  };
}

const CHARGED: ReadonlySet<string> = new Set(["charge", "payment"]);
const REFUNDED: ReadonlySet<string> = new Set(["refund", "payment_refund"]);
export const RETURNED: ReadonlySet<string> = new Set(["refund_failure", "payment_failure_refund"]);

async function ofCharge(
  stripe: Stripe,
  line: Stripe.BalanceTransaction,
  charge: Stripe.Charge,
): Promise<Whose | undefined> {
  const { id: chargeId, payment_intent: intent } = charge;
  // A charge has the metadata that its PaymentIntent had when it was made.
  const attempt = charge.metadata[ATTEMPT];
  if (!CHARGED.has(line.type) || typeof intent !== "string" || attempt === undefined) {
    return undefined;
  }
  const currency = charge.currency.toUpperCase();
  const about = { kind: "capture", currency, chargeId } as const;
  if (charge.metadata[OPERATION] === "charge") {
    const amountMinor = fromStripeAmount(charge.amount_captured, charge.currency);
    if (amountMinor === undefined) return undefined;
    return { ...about, reference: attempt, amountMinor, processorRef: intent };
  }
  const captures = [...capturesOf(await stripe.paymentIntents.retrieve(intent))];
  // Which of several it was can be told only by an amount that has not been exchanged.
  const said = fromStripeAmount(line.amount, line.currency);
  const same = captures.filter(
    ([, amount]) => line.currency === charge.currency && amount === said,
  );
  const [capture, ...others] = captures.length === 1 ? captures : same;
  if (capture === undefined || others.length > 0) return undefined;
  return { ...about, reference: capture[0], amountMinor: capture[1] };
}

/** Of what gave back a charge nothing is said: its line would be that of the charge. */
function ofReturned(refund: Stripe.Refund): Whose | undefined {
  const whose = ofRefund(refund);
  return whose?.kind === "refund" ? { ...whose, kind: "reverse" } : undefined;
}

function ofRefund(refund: Stripe.Refund): Whose | undefined {
  const { [ATTEMPT]: attempt, [REVERSES]: reversed } = refund.metadata ?? {};
  const reference = attempt ?? reversed;
  const amountMinor = fromStripeAmount(refund.amount, refund.currency);
  if (reference === undefined || amountMinor === undefined) return undefined;
  return {
    kind: attempt === undefined ? "reverse" : "refund",
    amountMinor,
    currency: refund.currency.toUpperCase(),
    reference,
    chargeId: typeof refund.charge === "string" ? refund.charge : refund.id,
  };
}
