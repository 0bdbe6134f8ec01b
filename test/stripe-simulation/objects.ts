import { randomBytes } from "node:crypto";
import type Stripe from "stripe";

/*
 * Stripe's objects, whole, as the package's types have them: what the package calls required is here, or it does not
 * compile.
 */

export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(9).toString("hex")}`;
}

/** Of what may be expanded. */
export function idOf(named: string | { readonly id: string } | null): string {
  return typeof named === "string" ? named : (named?.id ?? "");
}

export function newIntent(given: {
  readonly amount: number;
  readonly currency: string;
  readonly isManual: boolean;
  readonly metadata: Record<string, string>;
  readonly paymentMethod: string | null;
  readonly created: number;
}): Stripe.PaymentIntent {
  const id = newId("pi");
  return {
    id,
    object: "payment_intent",
    allowed_payment_method_types: ["card"],
    amount: given.amount,
    amount_capturable: 0,
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: given.isManual ? "manual" : "automatic",
    client_secret: `${id}_secret_${newId("x")}`,
    confirmation_method: "automatic",
    created: given.created,
    currency: given.currency,
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: given.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: given.paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ["card"],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: given.paymentMethod === null ? "requires_payment_method" : "requires_confirmation",
    transfer_group: null,
  };
}

export function newCharge(intent: Stripe.PaymentIntent, created: number): Stripe.Charge {
  const isManual = intent.capture_method === "manual";
  return {
    id: newId("ch"),
    object: "charge",
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    calculated_statement_descriptor: null,
    captured: !isManual,
    created,
    currency: intent.currency,
    customer: null,
    description: null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: null,
    livemode: false,
    // A copy of what the PaymentIntent has at this moment.
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: null,
    paid: true,
    payment_intent: intent.id,
    payment_method: typeof intent.payment_method === "string" ? intent.payment_method : null,
    payment_method_details: cardDetails(isManual ? created + 7 * 86_400 : undefined),
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "succeeded",
    transfer_data: null,
    transfer_group: null,
  };
}

function cardDetails(captureBefore: number | undefined): Stripe.Charge.PaymentMethodDetails {
  return {
    type: "card",
    card: {
      amount_authorized: null,
      authorization_code: null,
      brand: "visa",
      ...(captureBefore !== undefined && { capture_before: captureBefore }),
      checks: null,
      country: "US",
      electronic_commerce_indicator: null,
      exp_month: 12,
      exp_year: 2030,
      funding: "credit",
      installments: null,
      last4: "4242",
      mandate: null,
      network: "visa",
      network_transaction_id: null,
      regulated_status: null,
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}

export function newRefund(given: {
  readonly intent: Stripe.PaymentIntent;
  readonly charge: string;
  readonly amount: number;
  readonly metadata: Record<string, string>;
  readonly created: number;
}): Stripe.Refund {
  return {
    id: newId("re"),
    object: "refund",
    amount: given.amount,
    balance_transaction: null,
    charge: given.charge,
    created: given.created,
    currency: given.intent.currency,
    customer: null,
    customer_account: null,
    metadata: given.metadata,
    payment_intent: given.intent.id,
    payment_method: null,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: "succeeded",
    transfer_reversal: null,
  };
}

export function newBalanceTransaction(given: {
  readonly type: Stripe.BalanceTransaction.Type;
  readonly amount: number;
  readonly fee: number;
  readonly currency: string;
  readonly source: string;
  readonly created: number;
}): Stripe.BalanceTransaction {
  const { amount, fee } = given;
  return {
    id: newId("txn"),
    object: "balance_transaction",
    amount,
    available_on: given.created + 2 * 86_400,
    balance_type: "payments",
    created: given.created,
    currency: given.currency,
    description: null,
    exchange_rate: null,
    fee,
    fee_details: [],
    net: amount - fee,
    reporting_category: String(given.type),
    source: given.source,
    status: "pending",
    type: given.type,
  };
}

export function newEvent(
  type: Stripe.Event["type"],
  object: object,
  created: number,
): Stripe.Event {
  const base: Stripe.EventBase = {
    id: newId("evt"),
    object: "event",
    api_version: "2026-10-28.endive",
    created,
    data: { object: structuredClone(object) },
    livemode: false,
    pending_webhooks: 1,
    request: null,
    type,
  };
  return base as Stripe.Event;
}

const NO_EVIDENCE: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};

export function newDispute(
  charge: Stripe.Charge,
  withdrawal: Stripe.BalanceTransaction,
  created: number,
): Stripe.Dispute {
  return {
    id: idOf(withdrawal.source),
    object: "dispute",
    amount: charge.amount_captured,
    balance_transactions: [withdrawal],
    charge: charge.id,
    created,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: NO_EVIDENCE,
    evidence_details: {
      due_by: created + 7 * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: "manual",
    },
    intended_submission_method: "manual",
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    reason: "fraudulent",
    status: "needs_response",
  };
}

export function newPayout(given: {
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
}): Stripe.Payout {
  return {
    id: newId("po"),
    object: "payout",
    amount: given.amount,
    application_fee: null,
    application_fee_amount: null,
    arrival_date: given.created + 2 * 86_400,
    automatic: true,
    balance_transaction: null,
    created: given.created,
    currency: given.currency,
    description: "STRIPE PAYOUT",
    destination: newId("ba"),
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: {},
    method: "standard",
    original_payout: null,
    payout_method: null,
    reconciliation_status: "in_progress",
    reversed_by: null,
    source_type: "card",
    statement_descriptor: null,
    status: "in_transit",
    trace_id: null,
    type: "bank_account",
  };
}

export function newAccount(id: string): Stripe.Account {
  return {
    id,
    object: "account",
    charges_enabled: true,
    details_submitted: true,
    email: null,
    payouts_enabled: true,
    type: "standard",
  };
}

export function newBalance(livemode: boolean): Stripe.Balance {
  return { object: "balance", available: [], livemode, pending: [] };
}
