import { Failure } from "../src/failures";
import { type IdKind, ID_PREFIXES, isId } from "../src/ids";
import { UNSTORABLE } from "../src/storable-text";

/**
 * Checks of inputs that scalars do not make, because they depend on the field. None of the messages repeats
 * what was sent. They run before anything is stored, so the idempotency key of a refused input stays unused.
 * Card numbers and secrets are refused before, whatever the field: see refuse-sensitive.ts.
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
  return key;
}

/** An id that no object has is NOT_FOUND, and what cannot be an id at all, such as a client secret, is bad input. */
export function checkId(field: string, kind: IdKind, id: string): string {
  if (isId(kind, id)) return id;
  const prefix = `${ID_PREFIXES[kind]}_`;
  throw badInput(
    field,
    `This is not a valid id: it must be ${prefix} and 26 digits and lower-case letters.`,
  );
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
  return text;
}

export function checkOptionalText(
  field: string,
  text: string | null | undefined,
  limits: TextLimits,
): string | null {
  return text === null || text === undefined ? null : checkText(field, text, limits);
}

/** A processor's token: never empty. */
export function checkPaymentMethod(text: string | null | undefined): string | null {
  return checkOptionalText("input.paymentMethod", text, { min: 1, max: 255 });
}

/** Scalars let 0 pass, which an answer may contain; nobody can be charged 0. */
export function checkAmount(amount: number): number {
  if (amount < 1) throw badInput("input.amount", "The amount must be at least 1.");
  return amount;
}
