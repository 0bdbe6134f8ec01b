import { GraphQLEnumType } from "graphql";
import { ACCESS, type Rule } from "../../schema/access";
import { FAILURES } from "../../schema/failures";
import { buildSchema } from "../../schema/schema";
import { SETTINGS } from "../../src/config";
import { EVENT_TYPES, describeEventType } from "../../src/events/event-types";
import type { FailureCode } from "../../src/failures";
import { API_KEY_KINDS, DEFAULT_SCOPES } from "../../src/merchants/api-key";
import { EDGES, PAYMENT_INTENT_STATUSES, isTerminal } from "../../src/payments/payment-intent";
import { settingRows } from "../../src/process/settings";
import { DECLINES } from "../../src/processors/declines";
import { TEST_CARDS } from "../../src/sandbox/test-cards";

/** The tables of the docs that say what the code says, printed between `<!-- printed: NAME -->` and `<!-- end -->`. */
const PRINTED: Readonly<Record<string, () => string>> = {
  access,
  errors,
  declines,
  cards,
  events,
  settings,
  states,
};

const MARKED = /(<!-- printed: (\w+) -->\n)[^]*?(<!-- end -->)/g;

export function printDocs(text: string): string {
  return text.replace(MARKED, (_all, begin: string, name: string, end: string) => {
    const print = PRINTED[name];
    if (!print) throw new Error(`there is no table called ${name}`);
    return `${begin}\n${print()}\n\n${end}`;
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => text.replace(/\|/g, "\\|");
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => cell(row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => cell(text).padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** Which kinds of key may ask for a field, as they come; a restricted key may be made with other scopes. */
function access(): string {
  const rows = Object.entries(ACCESS)
    .filter(([, rule]) => rule.scope !== null)
    .map(([field, rule]) => [`\`${field}\``, `\`${rule.scope ?? ""}\``, callersOf(rule)]);
  return table(["field", "scope", "keys that have it"], rows);
}

function callersOf({ scope, clientSecret }: Rule): string {
  const kinds = API_KEY_KINDS.filter((kind) => scope && DEFAULT_SCOPES[kind].includes(scope));
  const names = kinds.filter((kind) => kind !== "PUBLISHABLE").map((kind) => kind.toLowerCase());
  return [...names, ...(clientSecret ? ["publishable (its payment only)"] : [])].join(", ");
}

function errors(): string {
  const codes = buildSchema().getType("ErrorCode");
  if (!(codes instanceof GraphQLEnumType)) throw new Error("ErrorCode is no enum");
  const rows = codes.getValues().map(({ name, description }) => {
    const { status, retryable } = FAILURES[name as FailureCode];
    return [`\`${name}\``, String(status), retryable ? "yes" : "no", description ?? ""];
  });
  return table(["code", "status", "retryable", "meaning"], rows);
}

function declines(): string {
  const rows = Object.entries(DECLINES).map(([code, { network, advice, says }]) => [
    `\`${code}\``,
    network,
    advice === "DO_NOT_TRY_AGAIN" ? "hard" : "soft",
    `\`${advice}\``,
    says,
  ]);
  return table(["decline code", "network", "kind", "advice", "meaning"], rows);
}

function cards(): string {
  const rows = [...TEST_CARDS].map(([name, { challenge, decline, refunds, holdMs, disputed }]) => [
    `\`pm_card_${name}\``,
    [
      ...(challenge ? ["3-D Secure"] : []),
      decline
        ? `declined: ${decline.decline_code ?? decline.code}, ${decline.advice_code === "do_not_try_again" ? "for good" : "another try may succeed"}`
        : "approved",
      ...(refunds === "fail_later" ? ["refunds fail later"] : []),
      ...(refunds === "decided_later" ? ["refunds are decided later"] : []),
      ...(holdMs === undefined ? [] : [`an authorisation holds for ${String(holdMs / 1_000)} s`]),
      ...(disputed ? ["disputed soon after the capture"] : []),
    ].join("; "),
  ]);
  return table(["token", "what comes of it"], rows);
}

function events(): string {
  return table(
    ["type", "says"],
    EVENT_TYPES.map((type) => [`\`${type}\``, describeEventType(type)]),
  );
}

/** The picture, for whatever draws Mermaid, and the same in words. */
function states(): string {
  const edges = PAYMENT_INTENT_STATUSES.flatMap((from) =>
    Object.entries(EDGES[from]).map(([to, when]) => ({ from, to, when })),
  );
  const begin = ["REQUIRES_PAYMENT_METHOD", "REQUIRES_CONFIRMATION"];
  const ends = PAYMENT_INTENT_STATUSES.filter(isTerminal);
  const lines = [
    "stateDiagram-v2",
    ...begin.map((to) => `    [*] --> ${to}`),
    ...edges.map(({ from, to }) => `    ${from} --> ${to}`),
    ...ends.map((from) => `    ${from} --> [*]`),
  ];
  const rows = edges.map(({ from, to, when }) => [`\`${from}\``, `\`${to}\``, when]);
  return `\`\`\`mermaid\n${lines.join("\n")}\n\`\`\`\n\n${table(["from", "to", "when"], rows)}`;
}

function settings(): string {
  const rows = settingRows(SETTINGS)
    .filter(({ description }) => description !== "" && !description.startsWith("tests only"))
    .map(({ name, description, shown }) => [
      `\`${name}\``,
      description,
      shown.replace(/^default /, ""),
    ]);
  return table(["setting", "what it is", "default"], rows);
}
