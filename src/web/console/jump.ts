import { type Name, ask } from "./api";
import { pathOf } from "./address";
import type { Place } from "./place";
import type { Results } from "./results";

/** Where an id leads that somebody pastes, from an alert, a log line or a colleague. */

const DIRECT: Readonly<Record<string, (id: string) => string>> = {
  pi: (id) => `payments/${id}`,
  whd: (id) => `deliveries/${id}`,
  we: (id) => `endpoints/${id}`,
  acct: (id) => `ledger/${id}`,
  rpl: (id) => `plans/${id}`,
  evt: (id) => `events/${id}`,
  brk: (id) => `breaks/${id}`,
};

const OF_A_PAYMENT = {
  att: "attemptOf",
  cap: "captureOf",
  re: "refundOf",
  dp: "disputeOf",
} as const satisfies Readonly<Record<string, Name>>;

type Parts = Results["attemptOf"] | Results["captureOf"];

/** Undefined: it leads nowhere. */
export async function findPath(
  text: string,
  { merchant, acting }: Pick<Place, "merchant" | "acting">,
): Promise<string | undefined> {
  const wanted = text.trim();
  const [, id = "", prefix = ""] = /\b(([a-z]{2,4})_[0-9a-z]{26})\b/.exec(wanted) ?? [];
  return id === "" ? searchPath(wanted, merchant) : idPath({ id, prefix }, merchant, acting);
}

function searchPath(text: string, merchant: string | null): string | undefined {
  if (text === "" || merchant === null) return undefined;
  return pathOf(merchant, "payments", { reference: text });
}

async function idPath(
  { id, prefix }: { readonly id: string; readonly prefix: string },
  merchant: string | null,
  acting: string | null,
): Promise<string | undefined> {
  if (prefix === "mer") return pathOf(id, "");
  if (prefix === "key") return pathOf(merchant, "audit", { actor: id });
  const direct = DIRECT[prefix];
  if (direct) return pathOf(merchant, direct(id));
  if (!(prefix in OF_A_PAYMENT)) return undefined;
  const name = OF_A_PAYMENT[prefix as keyof typeof OF_A_PAYMENT];
  const { node }: Parts = await ask(name, { id }, { merchant: acting, by: "act" });
  return node ? pathOf(merchant, `payments/${node.paymentIntentId}`) : undefined;
}
