import { containsCardNumber, isCardNumber } from "../src/security/card-numbers";
import { Failure } from "../src/failures";
import { type IdKind, ID_PREFIXES } from "../src/ids";
import { UNSTORABLE } from "../src/storable-text";

/**
 * Checks of inputs that scalars do not make, because they depend on the field. None of the messages repeats
 * what was sent. They run before anything is stored, so the idempotency key of a refused input stays unused.
 */
export function badInput(field: string, message: string): Failure {
  return new Failure("BAD_USER_INPUT", message, { field });
}

const KEY_FORMAT = /^[\x21-\x7e]{1,255}$/;

export function checkIdempotencyKey(key: string): string {
  if (!KEY_FORMAT.test(key)) {
    throw badInput(
      "idempotencyKey",
      "An idempotency key must be 1 to 255 visible ASCII characters.",
    );
  }
  if (isCardNumber(key)) {
    throw badInput("idempotencyKey", "An idempotency key must not be a card number.");
  }
  return key;
}

// Longer than any of our ids; an id that no object has is NOT_FOUND, and what cannot be an id at all is bad input.
const ID_BODY = /^[0-9A-Za-z_]{1,60}$/;

export function checkId(field: string, kind: IdKind, id: string): string {
  const prefix = `${ID_PREFIXES[kind]}_`;
  if (!id.startsWith(prefix) || !ID_BODY.test(id.slice(prefix.length))) {
    throw badInput(field, `This is not a valid id: it must begin with ${prefix}.`);
  }
  return id;
}

/** For look-ups, where an id that is not ours simply finds nothing. */
export function refuseCardNumber(field: string, text: string): void {
  if (isCardNumber(text)) throw badInput(field, "This must not be a card number.");
}

export interface TextLimits {
  readonly max: number;
  readonly min?: number;
}

export function checkText(field: string, text: string, { max, min = 0 }: TextLimits): string {
  if (text.length > max || text.length < min) {
    throw badInput(field, `This must be ${String(min)} to ${String(max)} characters long.`);
  }
  if (UNSTORABLE.test(text)) {
    throw badInput(field, "This must not contain U+0000 or unpaired surrogates.");
  }
  if (containsCardNumber(text)) throw badInput(field, "This must not contain a card number.");
  return text;
}

export function checkOptionalText(
  field: string,
  text: string | null | undefined,
  limits: TextLimits,
): string | null {
  return text === null || text === undefined ? null : checkText(field, text, limits);
}

/** A processor's token: never empty, and not a card number however it is written. */
export function checkPaymentMethod(text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null;
  if (isCardNumber(text)) {
    throw badInput("input.paymentMethod", "Card numbers are refused; send a processor's token.");
  }
  return checkText("input.paymentMethod", text, { min: 1, max: 255 });
}

/** Scalars let 0 pass, which an answer may contain; nobody can be charged 0. */
export function checkAmount(amount: number): number {
  if (amount < 1) throw badInput("input.amount", "The amount must be at least 1.");
  return amount;
}
