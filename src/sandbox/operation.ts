/** What a caller can ask for that moves money. */
export type OperationKind = "charge" | "authorize" | "capture" | "refund" | "void";

export type OperationStatus =
  "processing" | "succeeded" | "declined" | "requires_action" | "reversed";

/** Shaped like Stripe's: the code says what happened, the decline code what the issuer said of it. */
export interface Decline {
  readonly code: string;
  readonly decline_code?: string;
  readonly message: string;
  /** What the caller may do about it; "do_not_try_again" makes the decline a hard one. */
  readonly advice_code:
    "do_not_try_again" | "try_again_later" | "confirm_card_data" | "try_another_card";
  /** As the card's network answers: a response code of ISO 8583. */
  readonly network_decline_code?: string;
}

export interface Challenge {
  readonly id: string;
  readonly expiresAtMs: number;
  readonly returnUrl?: string;
}

/** A request as it came in, read and checked, not yet decided. */
export interface MoneyRequest {
  readonly kind: OperationKind;
  readonly reference: string;
  /** 0 for a void, which releases whatever is left. */
  readonly amountMinor: number;
  /** Absent where the charge acted on decides it. */
  readonly currency?: string;
  /** charge and authorize: the card token. */
  readonly source?: string;
  /** capture, refund and void: the reference of the charge they act on. */
  readonly chargeReference?: string;
  /** capture: release what is left of the authorisation. */
  readonly final: boolean;
  readonly returnUrl?: string;
}

/** One request and what became of it. Two requests under one reference are two operations. */
export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly reference: string;
  /** The card token; for what acts on a charge, that charge's. */
  source: string;
  readonly final: boolean;
  /** When it came in, and once it is in the books, when it was decided first. */
  atMs: number;
  chargeId: string;
  amountMinor: number;
  currency: string;
  feeMinor: number;
  /** Where it is not that of the amount. */
  feeCurrency?: string;
  status: OperationStatus;
  /** The row of the books this state rests on; nothing may be said about it before that row is durable. */
  position: number;
  decline?: Decline;
  challenge?: Challenge;
  /** A refund that was accepted, holds its amount, and is decided later. */
  pendingRefund?: boolean;
}
