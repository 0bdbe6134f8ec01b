import { createHash } from "node:crypto";
import { isId } from "../../ids";
import { inLetters } from "../../security/in-letters";
import { sensitiveIn } from "../../security/sensitive";
import { splitFields } from "../csv";
import type { DisputeStatus } from "../dispute";
import type { PayoutPart, ProcessorDispute, ProcessorMovement } from "../lists";
import type { ReportFormat, ReportLine } from "../report";
import { Unreadable, decimalOf, minorOf, momentOf } from "./report-values";

/*
 * Adyen's "Settlement details report", a CSV file for each payout batch of a merchant account, or for several accounts
 * (docs.adyen.com/reporting/settlement-reconciliation/transaction-level/settlement-details-report). Its columns are found
 * by their names, in whatever order, and whatever others there are; Type is the journal type. Guarantees: amounts are
 * exact, or the line is refused; what is taken for ours says so in the words of our own requests: `Merchant Reference` is
 * the payment's attempt, `Modification Merchant Reference` that of a capture or a refund. What somebody did to our payment
 * otherwise, in Adyen's Customer Area for example, has Adyen's name, which nothing here has asked for.
 *
 * What Adyen keeps of a movement is the difference of gross and net where they are in one currency, and otherwise the sum
 * of the four columns of fees. Which way a movement goes is said by its type, and never by the column of its gross.
 */

const COLUMNS = [
  ...["Merchant Account", "Psp Reference", "Merchant Reference", "Creation Date", "TimeZone"],
  ...["Type", "Modification Reference", "Gross Currency", "Gross Debit (GC)", "Gross Credit (GC)"],
  ...["Net Currency", "Net Debit (NC)", "Net Credit (NC)", "Commission (NC)", "Markup (NC)"],
  ...["Scheme Fees (NC)", "Interchange (NC)", "Modification Merchant Reference", "Batch Number"],
] as const;
/** Not in every report. */
const MORE_COLUMNS = ["Booking Date", "Booking Date TimeZone", "Dispute Reference"] as const;

type Column = (typeof COLUMNS)[number] | (typeof MORE_COLUMNS)[number];
/** What a line says in a column; "" where it says nothing. */
type Said = (column: Column) => string;

export const settlementDetails: ReportFormat = {
  readHeader: (line) => {
    const names = splitFields(line.replace(/^\uFEFF/, "")) ?? [];
    const missing = COLUMNS.filter((column) => !names.includes(column));
    if (missing.length > 0) {
      throw new Unreadable(`it is no Settlement details report: it has no ${missing.join(", ")}`);
    }
    const places = new Map<string, number>();
    for (const [at, name] of names.entries()) {
      if (places.has(name)) throw new Unreadable(`it has the column ${name} twice`);
      if (isColumn(name)) places.set(name, at);
    }
    return (record, account) => {
      const fields = splitFields(record);
      if (fields?.length !== names.length) {
        const has =
          fields === undefined ? "quotes inside a field" : `${String(fields.length)} fields`;
        throw new Unreadable(`it has ${has}, and the first line ${String(names.length)}`);
      }
      const said: Said = (column) => fields[places.get(column) ?? -1]?.trim() ?? "";
      return said("Merchant Account") === account ? toLine(said) : undefined;
    };
  },
};

function isColumn(name: string): name is Column {
  return [...COLUMNS, ...MORE_COLUMNS].some((column) => column === name);
}

const MOVES = { Settled: "capture", Refunded: "refund", RefundedReversed: "reverse" } as const;
const DISPUTES: Readonly<Record<string, DisputeStatus>> = {
  Chargeback: "OPEN",
  // The amount is given back for now.
  ChargebackReversed: "OPEN",
  SecondChargeback: "LOST",
};
/** A payout; and what changes the balance otherwise: fees and corrections that are of no one movement. */
const PAYOUT = "MerchantPayout";
const OTHERS: ReadonlySet<string> = new Set([
  ...[
    "Fee",
    "MiscCosts",
    "InvoiceDeduction",
    "AuthorisationSchemeFee",
    "PaymentCost",
    "SettleCost",
  ],
  ...["DepositCorrection", "ReserveAdjustment", "ManualCorrected", "MatchedStatement", "EpaPaid"],
  ...["Balancetransfer", "BankInstructionReturned", "InternalCompanyPayout"],
]);

function toLine(said: Said): ReportLine {
  const type = said("Type");
  const batch = said("Batch Number");
  if (!/^\d{1,12}$/.test(batch)) throw new Unreadable("the batch number is none");
  const currency = said("Net Currency");
  const netMinor = minorOf(sideOf(said, "Net Credit (NC)", "Net Debit (NC)"), currency);
  const line = { at: atOf(said), batch, currency, netMinor };
  if (type === PAYOUT) return { ...line, payoutId: payoutOf(said), parts: [] };
  const isOfOurs = isOurs(said("Merchant Reference"));
  if (isOfOurs && Object.hasOwn(MOVES, type)) return toMovement(said, line);
  if (isOfOurs && Object.hasOwn(DISPUTES, type)) return toDispute(said, line);
  if (isOfOurs && !OTHERS.has(type)) {
    throw new Unreadable("it is of a payment of ours, and of a type that is not known");
  }
  // Of others, or of no payment: a part of what is paid out, and nothing else.
  const parts = partsOf({ kind: "ADJUSTMENT", reference: "others", movementId: "others" }, line, 0);
  return { ...line, parts };
}

function isOurs(reference: string): boolean {
  return isId("attempt", reference);
}

/** When it was booked, where that is said: a creation may be that of the payment. */
function atOf(said: Said): string {
  const booked = said("Booking Date");
  if (booked === "") return momentOf(said("Creation Date"), said("TimeZone"));
  return momentOf(booked, said("Booking Date TimeZone") || said("TimeZone"));
}

/** By how much the balance grows; one of the two columns says something. */
function sideOf(said: Said, credit: Column, debit: Column): bigint {
  const [grows, falls] = [decimalOf(said(credit)), decimalOf(said(debit))];
  if (grows !== 0n && falls !== 0n) throw new Unreadable("it has a debit and a credit");
  return grows - falls;
}

type Balance = Pick<ReportLine, "at" | "batch" | "currency" | "netMinor">;

interface Gross {
  readonly amountMinor: number;
  readonly currency: string;
}

function grossOf(said: Said): Gross {
  const gross = sideOf(said, "Gross Credit (GC)", "Gross Debit (GC)");
  const currency = said("Gross Currency");
  const amountMinor = minorOf(gross < 0n ? -gross : gross, currency);
  if (amountMinor === 0) throw new Unreadable("a movement of ours is of nothing");
  return { amountMinor, currency };
}

const FEES = ["Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)"] as const;

/** Below zero where Adyen has given a fee back. `gross` is by how much the balance changes without it. */
function feeOf(said: Said, gross: Gross, { currency, netMinor }: Balance): number {
  if (gross.currency === currency) return gross.amountMinor - netMinor;
  const sum = FEES.reduce((fees, column) => fees + decimalOf(said(column)), 0n);
  return minorOf(sum, currency);
}

function takenOf({ amountMinor, currency }: Gross): Gross {
  return { amountMinor: -amountMinor, currency };
}

function toMovement(said: Said, line: Balance): ReportLine {
  const kind = MOVES[said("Type") as keyof typeof MOVES];
  const gross = grossOf(said);
  const fee = feeOf(said, kind === "refund" ? takenOf(gross) : gross, line);
  const { reference, name } = whoseOf(said, kind);
  const movement: ProcessorMovement = {
    movementId: `${said("Type")}:${name}`,
    kind,
    ...gross,
    feeMinor: kind === "reverse" ? 0 : fee,
    feeCurrency: line.currency === gross.currency ? null : line.currency,
    reference,
    chargeId: nameOf(said("Psp Reference")),
    movedAt: line.at,
  };
  const parts = { capture: "CHARGE", refund: "REFUND", reverse: "ADJUSTMENT" } as const;
  const part = { kind: parts[kind], reference, movementId: movement.movementId };
  return { ...line, movement, parts: partsOf(part, line, movement.feeMinor) };
}

/** Whose movement it is: the payment's own, that of what modified it, or of somebody who did it without us. */
function whoseOf(said: Said, kind: ProcessorMovement["kind"]) {
  const payment = said("Merchant Reference");
  const modification = said("Modification Merchant Reference");
  const name = nameOf(said("Modification Reference") || said("Psp Reference"));
  const isByItself = modification === "" || modification === payment;
  if (isByItself && kind === "capture") return { reference: payment, name };
  return { reference: isOurs(modification) && !isByItself ? modification : name, name };
}

function toDispute(said: Said, line: Balance): ReportLine {
  const type = said("Type");
  const gross = grossOf(said);
  const fee = feeOf(said, type === "ChargebackReversed" ? gross : takenOf(gross), line);
  const status = DISPUTES[type] ?? "OPEN";
  const reference = said("Merchant Reference");
  const name = said("Dispute Reference") || said("Modification Reference");
  if (name === "") throw new Unreadable("a dispute has no name");
  const movementId = `${type}:${nameOf(name)}`;
  // What the first step says is what Adyen keeps for the dispute; what the others cost is not in one word with it.
  const isFeeTold = type === "Chargeback" && gross.currency === line.currency && fee >= 0;
  const dispute: ProcessorDispute = {
    movementId,
    reference,
    isFeeTold,
    news: {
      kind: "dispute",
      status,
      processorDisputeId: name,
      ...gross,
      feeMinor: isFeeTold ? fee : 0,
      reason: "GENERAL",
      evidenceDueBy: null,
      openedAt: line.at,
      closedAt: status === "OPEN" ? null : line.at,
    },
  };
  return {
    ...line,
    dispute,
    parts: partsOf({ kind: "DISPUTE", reference, movementId }, line, fee),
  };
}

/** What it is in a payout: its amount there, and what Adyen keeps of it. */
function partsOf(
  part: Omit<PayoutPart, "amountMinor">,
  { netMinor }: Balance,
  fee: number,
): PayoutPart[] {
  const parts: PayoutPart[] = [
    { ...part, amountMinor: netMinor + fee },
    { ...part, kind: "FEE", amountMinor: -fee },
  ];
  return parts.filter(({ amountMinor }) => amountMinor !== 0);
}

/** As the bank's statement calls it, where that is said: "TX0123456789XT batch 4, ShopECOM". */
function payoutOf(said: Said): string {
  const [named] = /^TX[0-9A-Z]{1,40}XT\b/.exec(said("Modification Reference")) ?? [];
  return named ?? `batch ${said("Batch Number")} ${said("Net Currency")}`;
}

/** Older names are sixteen digits: one that might be a card's number is kept as a digest of it, in letters. */
function nameOf(psp: string): string {
  if (/^[0-9A-Za-z-]{1,80}$/.test(psp) && sensitiveIn(psp) === undefined) return psp;
  return inLetters(createHash("sha256").update(psp).digest("hex").slice(0, 32));
}
