/** Stored cards of one shopper, as far as they are needed: what paying with one comes to. */
export type Card =
  | { readonly kind: "approves" }
  | { readonly kind: "challenges" }
  /** Of the amount only so much is authorised. */
  | { readonly kind: "approves_in_part"; readonly value: number }
  | { readonly kind: "decides_later" }
  | { readonly kind: "refuses"; readonly code: string; readonly reason: string };

export const SHOPPER = "shopper_of_the_simulation";

export const CARDS: ReadonlyMap<string, Card> = new Map([
  ["visa", { kind: "approves" }],
  ["challenge", { kind: "challenges" }],
  ["partial", { kind: "approves_in_part", value: 400 }],
  ["later", { kind: "decides_later" }],
  ["poor", { kind: "refuses", code: "12", reason: "Not enough balance" }],
  ["blocked", { kind: "refuses", code: "5", reason: "Blocked Card" }],
] as const satisfies readonly (readonly [string, Card])[]);

/** As our attempts name a card. */
export function cardOf(stored: string): string {
  return `${SHOPPER}/${stored}`;
}
