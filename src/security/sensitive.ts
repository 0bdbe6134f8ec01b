import { containsCardNumber, redactCardNumbers } from "./card-numbers";

/**
 * The one detector of what must not be stored or logged: card numbers, and secrets of ours that were put into the
 * wrong field. Inputs are refused by it and the audit searches by it, so that what was let in is never found later.
 */
export type Sensitive = "card number" | "secret";

// Shorter than every card number and every secret.
const LENGTH_MIN = 13;

// API keys of every kind, webhook secrets, client secrets; the beginning of one is enough.
const ID = "[0-9a-hjkmnp-tv-z]{26}";
const SECRETS = [
  `(?:sk|pk|rk|ok|plk)_(?:(?:test|live)_)?${ID}_[0-9A-Za-z]{16,}`,
  "whsec(?:_|%5[Ff])[A-Za-z0-9+/=_%-]{24,}",
  `pi_${ID}_secret_[A-Za-z0-9_-]{16,}`,
].join("|");
const SECRET = new RegExp(SECRETS);
const EVERY_SECRET = new RegExp(SECRETS, "g");

export function sensitiveIn(text: string): Sensitive | undefined {
  if (text.length < LENGTH_MIN) return undefined;
  if (holdsSecret(text)) return "secret";
  return containsCardNumber(text) ? "card number" : undefined;
}

/** The text with all of it struck out; never longer than it was. */
export function redact(text: string): string {
  if (text.length < LENGTH_MIN) return text;
  return redactCardNumbers(holdsSecret(text) ? text.replace(EVERY_SECRET, "[secret]") : text);
}

function holdsSecret(text: string): boolean {
  return (text.includes("_") || text.includes("whsec")) && SECRET.test(text);
}
