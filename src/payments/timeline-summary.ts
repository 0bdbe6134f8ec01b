/** Each kind of entry in a payment's timeline, told in one plain sentence. Nothing personal is in any of them. */
export const TIMELINE_KINDS = [
  "API_CALL",
  "DISPUTE",
  "TRANSITION",
  "ATTEMPT",
  "EVIDENCE",
  "PROCESSOR_WEBHOOK",
  "LEDGER",
  "DELIVERY",
  "OPERATOR_ACTION",
] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

/** What a row says, as the selects in timeline-sources.ts build it. */
type Data = Readonly<Record<string, unknown>>;

const SUMMARIES: Readonly<Record<TimelineKind, (data: Data) => string>> = {
  API_CALL: ({ operation, key, refused }) => {
    const named = key == null ? "" : ` (key ${text(key)}…)`;
    return refused == null
      ? `${text(operation)} was executed${named}.`
      : `${text(operation)} was refused with ${text(refused)}${named}.`;
  },
  DISPUTE: disputed,
  TRANSITION: ({ from, to, cause, version, type, tooLateToCancel }) => {
    const what = from === to ? `${text(type)}, still ${text(to)}` : `${arrow(from)}${text(to)}`;
    return `Version ${text(version)}: ${what}, because of ${text(cause)}${tooLateToCancel === true ? ": too late to cancel it" : ""}.`;
  },
  ATTEMPT: attempted,
  EVIDENCE: (data) => reported(sourceOf(data["source"]), data),
  PROCESSOR_WEBHOOK: (data) => reported("The processor's webhook", data),
  LEDGER: ({ journal, postings }) => {
    const lines = (postings as readonly Data[] | null) ?? [];
    const what = SUSPENDED[text(journal)] ?? `Posted ${text(journal)}`;
    return `${what}: ${lines.map(posting).join("; ")}.`;
  },
  DELIVERY: delivered,
  OPERATOR_ACTION: ({ actorKind, operation, outcome, errorCode }) => {
    const how = errorCode == null ? text(outcome).toLowerCase() : `refused with ${text(errorCode)}`;
    return `${text(operation)} by ${text(actorKind).toLowerCase().replace("_", " ")}: ${how}.`;
  },
};

export function summaryOf(kind: TimelineKind, data: Data): string {
  return SUMMARIES[kind](data);
}

const SUSPENDED: Readonly<Record<string, string>> = {
  suspense_hold: "Held in suspense while the outcome is unknown",
  suspense_void: "No longer held in suspense",
};

function disputed({ step, amount, currency, reason, fee, evidenceDueBy }: Data): string {
  const of = `${text(amount)} ${text(currency)}`;
  if (step === "WON") return `The dispute of ${of} was won: the merchant has the amount again.`;
  if (step === "LOST") return `The dispute of ${of} was lost: the amount is gone.`;
  const due = evidenceDueBy == null ? "" : ` Evidence is due by ${text(evidenceDueBy)}.`;
  return `The shopper's bank disputes ${of}: ${words(reason)}. The fee is ${text(fee)} ${text(currency)}.${due}`;
}

function attempted(data: Data): string {
  const { operation, processor, amount, currency, step } = data;
  const name = `The ${text(operation)} of ${text(amount)} ${text(currency)}`;
  const at = text(processor);
  switch (step) {
    case "QUEUED":
      return `${name} was queued for ${at}.`;
    case "SENT":
      return `${name} was sent to ${at}.`;
    case "UNKNOWN":
      return `${name} got no answer that proves anything: its outcome is unknown.`;
    case "SUCCEEDED":
      return `${name} was approved.`;
    case "ABANDONED":
      return `${name} is proven to have moved nothing.`;
    default:
      return `${name} was declined: ${reasonsOf(data)}.`;
  }
}

function reasonsOf({ code, declineCode, networkDeclineCode }: Data): string {
  const names = [...new Set([code, declineCode].filter((name) => name != null).map(text))];
  const network = networkDeclineCode == null ? [] : [`network ${text(networkDeclineCode)}`];
  return [...names, ...network].join(", ") || "no reason was given";
}

function sourceOf(source: unknown): string {
  if (source === "lookup") return "A look-up";
  if (source === "worker") return "A late answer to the call";
  return "An operator";
}

function reported(who: string, { operation, outcome, effect }: Data): string {
  return `${who} said of the ${text(operation)}: ${words(outcome)}. Effect: ${words(effect)}.`;
}

function posting({ amount, currency, debit, credit, pending }: Data): string {
  const held = pending === true ? " (pending)" : "";
  return `${text(amount)} ${text(currency)}${held} from ${text(credit)} to ${text(debit)}`;
}

function delivered({ endpoint, event, step, tries, number, statusCode, error }: Data): string {
  const what = `The delivery of ${text(event)} to ${text(endpoint)}`;
  switch (step) {
    case "PLANNED":
      return `${what} was planned.`;
    case "TRIED":
      return `${what} was tried for the ${ordinal(Number(number))} time: ${
        statusCode == null ? words(error ?? "no answer") : `status ${text(statusCode)}`
      }.`;
    case "SUCCEEDED":
      return `${what} succeeded.`;
    case "DEAD":
      return `${what} was given up after ${text(tries)} tries: it is a dead letter.`;
    default:
      return `${what} was discarded.`;
  }
}

function ordinal(number: number): string {
  const isTeen = Math.floor((number % 100) / 10) === 1;
  return `${String(number)}${(isTeen ? undefined : ["th", "st", "nd", "rd"][number % 10]) ?? "th"}`;
}

function arrow(from: unknown): string {
  return from == null ? "" : `${text(from)} → `;
}

function words(value: unknown): string {
  return text(value).toLowerCase().replaceAll("_", " ");
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "?";
}
