/**
 * A card processor as the rest of oncepay sees it. An adapter translates their words into this
 * closed set of outcomes and decides nothing: what an outcome means for a payment is decided in
 * src/payments/settle/ alone.
 */

export const PROCESSOR_OPERATIONS = ["charge", "authorize", "capture", "refund", "void"] as const;
export type ProcessorOperation = (typeof PROCESSOR_OPERATIONS)[number];

/** One try, as its processor is asked for it, asked about it, and told to undo it. */
export interface ProcessorAttempt {
  /** Our deterministic reference for this one try: the attempt id. Also sent as the idempotency key where one is taken. */
  readonly reference: string;
  readonly operation: ProcessorOperation;
  /** Theirs, where it is known: from what was prepared, or from their answer. */
  readonly processorRef: string | null;
  /** capture, refund and void: theirs of the charge or authorisation they act on. */
  readonly targetProcessorRef: string | null;
  /** Minor units. */
  readonly amountMinor: number;
  readonly currency: string;
  /** By the database's clock; null: never yet, or proven not to have arrived. */
  readonly sentAt: Date | null;
  /** Of the trace that the call belongs to; sent along as the header of that name. */
  readonly traceparent?: string | undefined;
}

/** With a time at which it was sent before, it is a repeat: a refusal of the repeat says nothing about what came before. */
export interface ProcessorRequest extends ProcessorAttempt {
  /** charge and authorize: the processor's token for the card. */
  readonly paymentMethod?: string;
  /** capture, refund and void: the reference of the charge or authorisation they act on. */
  readonly targetReference?: string;
  /** capture: whether what is left of the authorisation is released. */
  readonly final?: boolean;
  /** Where a shopper returns to after 3-D Secure. */
  readonly returnUrl?: string;
}

/** Money moved (or, for a void, the authorisation is gone). */
export interface Approved {
  readonly kind: "approved";
  readonly processorChargeId: string;
  readonly amountMinor: number;
  /** What the processor keeps for it, minor units; 0 when none, and null when it tells it later, in its list or settlement. */
  readonly feeMinor: number | null;
  /** Of the fee; absent where it is that of the payment. */
  readonly feeCurrency?: string;
  /** authorize: until when the amount is held, ISO 8601; absent where the processor does not say. */
  readonly authorizationExpiresAt?: string;
}

/** What may be done about a declined card. */
export const DECLINE_ADVICE = [
  "TRY_AGAIN_LATER",
  "CONFIRM_CARD_DATA",
  "TRY_ANOTHER_CARD",
  "DO_NOT_TRY_AGAIN",
] as const;
export type DeclineAdvice = (typeof DECLINE_ADVICE)[number];

/** The processor declined, and nothing moved. */
export interface Declined {
  readonly kind: "declined";
  readonly code: string;
  readonly declineCode?: string;
  readonly message: string;
  /** A hard decline means that this card will never succeed; after a soft one another try or another card may. */
  readonly hard: boolean;
  /** capture and void: because the authorisation has expired. Nothing is held under it any more. */
  readonly authorizationExpired?: true;
  /** What may be done about a soft one, where the processor says so. */
  readonly adviceCode?: DeclineAdvice;
  /** What the card's network answered, where the processor tells. */
  readonly networkDeclineCode?: string;
  /**
   * Where it had been approved before, and has failed since: theirs, of the movement that did not last. An approval that
   * is told after it is that one, and no other.
   */
  readonly processorChargeId?: string;
}

/** The shopper must authenticate (3-D Secure); nothing has moved yet. */
export interface ActionRequired {
  readonly kind: "action_required";
  readonly redirectUrl: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** The processor has the request and has not decided yet. */
export interface Pending {
  readonly kind: "pending";
}

/** No answer, or one that proves nothing (timeout, broken connection, 5xx): money may have moved. */
export interface Unknown {
  readonly kind: "unknown";
  readonly reason: string;
}

/** Proven not to have left this machine (connection refused, name not found, breaker open): nothing moved, safe to send later. */
export interface Unsent {
  readonly kind: "unsent";
  readonly reason: string;
  /** When there is room for it, where that is known. */
  readonly afterMs?: number;
}

/** The processor has prepared what it was asked for. Nothing has moved, and nothing will unless it is sent. */
export interface Prepared {
  readonly kind: "prepared";
  readonly processorRef: string;
}

/**
 * The processor knows nothing of a request under this reference, or only that one was prepared. Evidence only once the
 * request can no longer arrive.
 */
export interface NotFound {
  readonly kind: "not_found";
}

/** A reversal by reference was acknowledged: nothing remains moved, and nothing under this reference can move any more. */
export interface Reversed {
  readonly kind: "reversed";
}

export type SendOutcome = Approved | Declined | ActionRequired | Pending | Unknown | Unsent;
/** Preparing moves nothing, so whatever is not an answer may be tried again: it counts as unsent. */
export type PrepareOutcome = Prepared | Declined | Unsent;
export type LookupOutcome =
  Approved | Declined | ActionRequired | Pending | NotFound | Reversed | Unknown;
export type ReverseOutcome = Reversed | Unknown;

/**
 * How an outcome is found out that is unknown, and of which a look-up, where one can be made, finds nothing:
 *
 * - KEY_REPEAT: the request is repeated under its key, and the answer is the answer. Never past the key's lifetime: a
 *   processor that has forgotten a key executes anew. After it, as for LOOKUP or OPERATOR.
 * - REVERSAL_BY_REFERENCE: it is undone by its reference; the acknowledgement refuses whatever arrives later.
 * - LOOKUP: nothing found is evidence once the request can no longer arrive, and not before.
 * - OPERATOR: only a webhook, a settlement line or a person can tell.
 */
export type ResolvedBy = "KEY_REPEAT" | "REVERSAL_BY_REFERENCE" | "LOOKUP" | "OPERATOR";

/**
 * What a processor can do, as data. It is a promise about every attempt that is open: what changes it other than for the
 * better is another processor, with another name.
 */
export interface ProcessorCapabilities {
  readonly resolution: Readonly<Record<ProcessorOperation, ResolvedBy>>;
  /** How long after its first sending a request may be repeated under its key, ms; well within what they promise. 0: no keys. */
  readonly keyLifetimeMs: number;
  /** Operations that are prepared, their reference committed here, and only then sent: without one, nothing was sent. */
  readonly prepares: readonly ProcessorOperation[];
  readonly canLookUp: boolean;
  /** Operations that can be undone by reference, at any time. Where one cannot, a person has to give back what moved. */
  readonly reverses: readonly ProcessorOperation[];
  /** Operations of which one movement can be undone by its own id, and whatever else moved for them stands. Absent: none. */
  readonly reversesMovements?: readonly ProcessorOperation[];
  /** What its list tells of. Absent where it cannot be asked for one. */
  readonly lists?: Listed;
  /** Whether an approval says the fee; otherwise it is in the settlement. */
  readonly feeKnownAtApproval: boolean;
  /** Whether an authorisation can be captured in several parts. */
  readonly multicapture: boolean;
  /** How long after sending a request may still arrive, ms: before that, "not found" proves nothing. */
  readonly requestHorizonMs: number;
}

export interface Listed {
  /** Operations whose movements it has a line for; of others nothing is missed in it. */
  readonly operations: readonly ProcessorOperation[];
  /** How long after the outcome a line comes at the latest, ms. */
  readonly withinMs: number;
}

export function forEveryOperation(by: ResolvedBy): ProcessorCapabilities["resolution"] {
  return { charge: by, authorize: by, capture: by, refund: by, void: by };
}

/** What banks give as their reasons; an adapter translates its network's many codes into these. */
export const DISPUTE_REASONS = [
  "CREDIT_NOT_PROCESSED",
  "DUPLICATE",
  "FRAUDULENT",
  "GENERAL",
  "PRODUCT_NOT_RECEIVED",
  "PRODUCT_UNACCEPTABLE",
  "SUBSCRIPTION_CANCELED",
  "UNRECOGNIZED",
] as const;
export type DisputeReason = (typeof DISPUTE_REASONS)[number];

export const DISPUTE_STATUSES = ["OPEN", "WON", "LOST"] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

/**
 * A shopper's bank has taken back (part of) what was captured, or decided what becomes of it: WON and LOST are as the
 * merchant sees them. Each piece of news holds the whole dispute, so that whichever arrives first is enough.
 */
export interface DisputeNews {
  readonly kind: "dispute";
  readonly status: DisputeStatus;
  /** Theirs; the same in all news of one dispute. */
  readonly processorDisputeId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** What the processor keeps for its work, whoever wins; minor units. */
  readonly feeMinor: number;
  readonly reason: DisputeReason;
  /** ISO 8601, like the other times; null where the processor says none. */
  readonly evidenceDueBy: string | null;
  readonly openedAt: string;
  /** Null while it is open. */
  readonly closedAt: string | null;
}

/** What a processor tells us of its own accord. */
export interface ProcessorWebhook {
  /** Theirs; the same for every copy of one event. */
  readonly eventId: string;
  readonly type: string;
  /** Our reference: the id of the attempt that it is about. What is disputed is the charge, or the authorisation. */
  readonly reference: string;
  /** What a look-up would have said at that moment; or news of a dispute. */
  readonly outcome: LookupOutcome | DisputeNews;
}

/** Money that a processor moved, as its list or its settlement file has it. */
export interface ProcessorMovement {
  /** Theirs; the same wherever it is listed. */
  readonly movementId: string;
  readonly kind: "authorize" | "capture" | "refund" | "void" | "reverse";
  readonly amountMinor: number;
  readonly currency: string;
  /** What the processor keeps for it; 0 when none. */
  readonly feeMinor: number;
  /** Null where it is that of the amount. */
  readonly feeCurrency: string | null;
  /** Ours: the id of the attempt that asked for it, or that is undone by it. */
  readonly reference: string;
  readonly chargeId: string;
  /** ISO 8601. */
  readonly movedAt: string;
  /** Theirs of what was prepared, where money that nothing here asked for is undone by it, and not by our reference. */
  readonly processorRef?: string | null;
}

/** A step of a dispute, as a list or a settlement file has it: like news of it, it says the whole dispute. */
export interface ProcessorDispute {
  /** Theirs, of the step. */
  readonly movementId: string;
  /** Ours: the charge or the authorisation that is disputed. */
  readonly reference: string;
  readonly news: DisputeNews;
}

/** One movement that is to be undone, of several for one attempt. */
export interface MovementToReverse {
  /** Theirs. */
  readonly movementId: string;
  /** Ours, of the attempt. */
  readonly reference: string;
  readonly operation: ProcessorOperation;
  readonly amountMinor: number;
  readonly currency: string;
}

export const PAYOUT_STATUSES = ["IN_TRANSIT", "PAID", "FAILED"] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

export const PAYOUT_LINE_KINDS = ["CHARGE", "REFUND", "FEE", "DISPUTE", "ADJUSTMENT"] as const;
export type PayoutLineKind = (typeof PAYOUT_LINE_KINDS)[number];

/** Money that a processor has sent to a bank, as its settlement file has it: for one merchant or for many. */
export interface ProcessorPayout {
  /** Theirs; the same in every file that tells of it. */
  readonly payoutId: string;
  readonly status: PayoutStatus;
  /** The sum of its lines, minor units; below zero where the bank was debited. */
  readonly amountMinor: number;
  readonly currency: string;
  /** ISO 8601, like the next one. */
  readonly arrivesAt: string;
  /** Since when it has had its status. */
  readonly changedAt: string;
  /** How many lines it has. A file that tells of a payout has all of them, whatever its status. */
  readonly lines: number;
}

export interface ProcessorPayoutLine extends PayoutPart {
  readonly payoutId: string;
  /** Its place in the payout, from 1. */
  readonly line: number;
}

/** A payout as a list has it: what it consists of is asked for by itself. */
export type ListedPayout = Omit<ProcessorPayout, "lines">;

export interface PayoutLinePage {
  /** In the processor's order, which stays the same. */
  readonly lines: readonly PayoutPart[];
  /** Where the next page begins; null after the last one. */
  readonly next: string | null;
}

export interface PayoutPart {
  readonly kind: PayoutLineKind;
  /** By how much it changes what is paid out, minor units; not zero. */
  readonly amountMinor: number;
  /** Ours: the attempt that moved it; of a dispute and its fee, the charge that is disputed. */
  readonly reference: string;
  /** Theirs, of the movement or of the step of the dispute. */
  readonly movementId: string;
}

/** What a line of a settlement file says. The end has how many lines there were. */
export type SettlementLine =
  | { readonly movement: ProcessorMovement }
  | { readonly dispute: ProcessorDispute }
  | { readonly payout: ProcessorPayout }
  | { readonly payoutLine: ProcessorPayoutLine }
  | { readonly end: number };

/** A part of what moved in a window of time, in some order that stays the same. */
export interface MovementPage {
  readonly movements: readonly ProcessorMovement[];
  /** Steps of disputes; absent where its lists tell of none. */
  readonly disputes?: readonly ProcessorDispute[];
  /** Where the next page begins; null after the last one. */
  readonly next: string | null;
}

/** Why a list could not be read. NOT_CONNECTED: the account's secrets cannot be opened here. */
export const LIST_FAILURES = [
  "CREDENTIALS_REFUSED",
  "OTHER_ACCOUNT",
  "NOT_CONNECTED",
  "NOT_READ",
] as const;
export type ListFailure = (typeof LIST_FAILURES)[number];

/** Thrown where it is known why; whatever else is thrown is a list that was not read. */
export class ListNotRead extends Error {
  constructor(readonly failure: ListFailure) {
    super(`the list was not read: ${failure}`);
  }
}

export interface MovementWindow {
  /** ISO 8601; at this moment or later. */
  readonly from: string;
  /** ISO 8601; earlier than this moment. */
  readonly to: string;
  readonly after: string | null;
}

/** A part of what a processor told of its own accord in a window of time, in some order that stays the same. */
export interface EventPage {
  readonly events: readonly ProcessorWebhook[];
  /** Where the next page begins; null after the last one. */
  readonly next: string | null;
}

export interface EventWindow extends MovementWindow {
  /** Of these events, by their ids, those that have not been heard: nothing more is asked about the others. */
  readonly unheard: (eventIds: readonly string[]) => Promise<ReadonlySet<string>>;
}

/** What a settlement file says of itself in its first line. */
export interface StatementHeader {
  /** Theirs, and the same whenever the file is fetched. */
  readonly statement: string;
  readonly periodFrom: string;
  readonly periodTo: string;
}

/** How a processor writes settlement files: one line at a time, so that a file may be of any length. Throws what it cannot read. */
export interface SettlementFormat {
  readonly readHeader: (line: string) => StatementHeader;
  /** Undefined for lines that say nothing. */
  readonly readLine: (line: string) => SettlementLine | undefined;
}

export type WebhookHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Every processor of an installation, by the name that is kept with each attempt. */
export type Processors = ReadonlyMap<string, Processor>;

export interface Processor {
  readonly name: string;
  readonly capabilities: ProcessorCapabilities;
  /** For what it prepares. Repeated under one reference it prepares the same thing, or another that nobody will send. */
  readonly prepare?: (request: ProcessorRequest) => Promise<PrepareOutcome>;
  /** Never throws for anything the network or the processor does: that is an outcome. The same holds for the others. */
  send(request: ProcessorRequest): Promise<SendOutcome>;
  lookUp(attempt: ProcessorAttempt): Promise<LookupOutcome>;
  reverse(attempt: ProcessorAttempt): Promise<ReverseOutcome>;
  /** Of the operations that it says: undoes one movement, however often it is asked, and nothing else. */
  readonly reverseMovement?: (movement: MovementToReverse) => Promise<ReverseOutcome>;
  /**
   * Reads a webhook, which may tell of several things, or of nothing that is ours. Throws unless the processor signed
   * all that is read of it (just now, where it signs the time, too), and a BAD_USER_INPUT when it did and it is
   * malformed all the same. Absent where the processor sends none, or where there is no secret to verify them with.
   */
  readonly verifyWebhook?: (
    rawBody: string,
    headers: WebhookHeaders,
  ) => readonly ProcessorWebhook[];
  /** What it reads in the answer to a webhook, where it does not go by the status alone. */
  readonly webhookReceipt?: string;
  /**
   * What its webhooks told in a window of time, or were to tell, under the same ids. Absent where it keeps no such list.
   * Throws when it does not answer.
   */
  readonly listEvents?: (window: EventWindow) => Promise<EventPage>;
  /** What it moved in a window of time, as `lists` says. Absent where it cannot be asked. Throws when it does not answer. */
  readonly listMovements?: (window: MovementWindow) => Promise<MovementPage>;
  /**
   * Payouts that began since a moment, and of which all is known that they consist of. Absent where it lists none; a
   * line of what is not certainly ours has a name that is none of ours. Both throw when it does not answer.
   */
  readonly listPayouts?: (since: string) => Promise<readonly ListedPayout[]>;
  readonly listPayoutLines?: (page: {
    readonly payoutId: string;
    readonly after: string | null;
  }) => Promise<PayoutLinePage>;
  readonly settlementFormat?: SettlementFormat;
  close(): Promise<void>;
}
