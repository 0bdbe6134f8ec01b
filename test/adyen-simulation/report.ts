import type { Bank } from "./bank";

/*
 * The Settlement details report of the simulation, from its books: what moved since the last one, with what Adyen keeps for
 * it, and what was paid out. A test may change its rows; the payout is of what they are then.
 */

export const COLUMNS = [
  ...["Company Account", "Merchant Account", "Psp Reference", "Merchant Reference"],
  ...["Payment Method", "Creation Date", "TimeZone", "Type", "Modification Reference"],
  ...["Gross Currency", "Gross Debit (GC)", "Gross Credit (GC)", "Exchange Rate", "Net Currency"],
  ...["Net Debit (NC)", "Net Credit (NC)", "Commission (NC)", "Markup (NC)", "Scheme Fees (NC)"],
  ...["Interchange (NC)", "Payment Method Variant", "Modification Merchant Reference"],
  ...["Batch Number", "Reserved4", "Reserved5", "Reserved6", "Reserved7", "Reserved8"],
  ...["Reserved9", "Reserved10", "Metadata"],
] as const;

export type Row = Partial<Record<(typeof COLUMNS)[number], string>>;

/** In Adyen's units, of which the simulation's currencies have a hundred to one. */
export const FEES = { Settled: 35, Refunded: 10, RefundedReversed: 0, Chargeback: 750 } as const;

interface Written {
  readonly type: string;
  readonly psp: string;
  readonly payment: string;
  readonly reference: string;
  /** By how much the balance changes before fees. */
  readonly gross: number;
  readonly currency: string;
  readonly at: number;
  readonly fee: number;
}

/** The rows of everything in the books from a place on, without a payout. */
export function rowsOf(bank: Bank, { batch = 1, movementsFrom = 0, disputesFrom = 0 } = {}): Row[] {
  const moved = bank.movements.slice(movementsFrom).flatMap(({ kind, amount, ...rest }) => {
    const type = TYPES[kind];
    if (type === undefined) return [];
    const gross = type === "Refunded" ? -amount : amount;
    return [row(bank, { ...rest, type, gross, fee: FEES[type] }, batch)];
  });
  const disputed = bank.disputes
    .slice(disputesFrom)
    .flatMap(({ code, psp, payment, amount, at }) => {
      const type = DISPUTES[code];
      if (type === undefined) return [];
      const { value, currency } = amount;
      const gross = type === "ChargebackReversed" ? value : -value;
      const fee = type === "Chargeback" ? FEES.Chargeback : 0;
      const of = { type, psp, payment, reference: "", gross, currency, at, fee };
      return [row(bank, of, batch)];
    });
  return [...moved, ...disputed];
}

const TYPES: Readonly<Record<string, "Settled" | "Refunded" | "RefundedReversed">> = {
  capture: "Settled",
  refund: "Refunded",
  refund_failure: "RefundedReversed",
};

const DISPUTES: Readonly<Record<string, string>> = {
  CHARGEBACK: "Chargeback",
  CHARGEBACK_REVERSED: "ChargebackReversed",
  SECOND_CHARGEBACK: "SecondChargeback",
};

function row(bank: Bank, written: Written, batch: number): Row {
  const { type, psp, payment, reference, gross, currency, at, fee } = written;
  const of = bank.payments.get(payment);
  if (!of) throw new Error(`there is no payment ${payment}`);
  return {
    ...common(bank, at, batch),
    "Psp Reference": payment,
    "Merchant Reference": of.reference,
    "Payment Method": "visa",
    Type: type,
    "Modification Reference": psp,
    "Gross Currency": currency,
    ...side("Gross", "GC", gross),
    "Exchange Rate": "1",
    "Net Currency": currency,
    ...side("Net", "NC", gross - fee),
    ...(type === "Chargeback"
      ? { "Commission (NC)": decimal(fee) }
      : { "Markup (NC)": decimal(10 * Math.sign(fee)), "Interchange (NC)": rest(fee) }),
    "Payment Method Variant": "visaclassic",
    "Modification Merchant Reference": reference === of.reference ? "" : reference,
    // With what CSV has to put into quotes.
    Metadata: '{"shop":"Hats, etc.","size":"7""}',
  };
}

function rest(fee: number): string {
  return fee > 10 ? decimal(fee - 10) : "";
}

/** Amsterdam's time, in winter. */
function common(bank: Bank, at: number, batch: number): Row {
  const local = new Date(at + 3_600_000).toISOString();
  return {
    "Company Account": "CompanyOfTheSimulation",
    "Merchant Account": bank.merchantAccount,
    "Creation Date": local.slice(0, 19).replace("T", " "),
    TimeZone: "CET",
    "Batch Number": String(batch),
  };
}

export function side(name: "Gross" | "Net", unit: "GC" | "NC", change: number): Row {
  const [debit, credit] = change < 0 ? [decimal(-change), ""] : ["", decimal(change)];
  return { [`${name} Debit (${unit})`]: debit, [`${name} Credit (${unit})`]: credit };
}

export function decimal(hundredths: number): string {
  const size = String(Math.abs(hundredths)).padStart(3, "0");
  return `${hundredths < 0 ? "-" : ""}${size.slice(0, -2)}.${size.slice(-2)}`;
}

const hundredths = (text = ""): number => Math.round(Number(text || "0") * 100);

/** Fees of no payment, as Adyen writes one a month. */
export function feeRow(bank: Bank, amount: number, { batch = 1, currency = "USD" } = {}): Row {
  return {
    ...common(bank, bank.now(), batch),
    Type: "Fee",
    "Modification Reference": "Transaction Fees November 2026",
    "Net Currency": currency,
    ...side("Net", "NC", -amount),
  };
}

/** What the rows of each batch and currency come to, paid out. */
export function payoutRows(bank: Bank, rows: readonly Row[]): Row[] {
  const sums = new Map<string, number>();
  for (const each of rows) {
    if (each["Merchant Account"] !== bank.merchantAccount) continue;
    const key = `${each["Batch Number"] ?? ""} ${each["Net Currency"] ?? ""}`;
    const net = hundredths(each["Net Credit (NC)"]) - hundredths(each["Net Debit (NC)"]);
    sums.set(key, (sums.get(key) ?? 0) + net);
  }
  return [...sums].flatMap(([key, sum]) => {
    if (sum === 0) return [];
    const [batch = "", currency = ""] = key.split(" ");
    const name = `TX${batch.padStart(4, "0")}${currency}XT batch ${batch}, ${bank.merchantAccount}`;
    return {
      ...common(bank, bank.now(), Number(batch)),
      Type: "MerchantPayout",
      "Modification Reference": name,
      "Net Currency": currency,
      ...side("Net", "NC", -sum),
    };
  });
}

export function written(rows: readonly Row[]): string {
  const lines = rows.map((each) => COLUMNS.map((column) => quoted(each[column] ?? "")).join(","));
  return `${[COLUMNS.join(","), ...lines].join("\n")}\n`;
}

/** The whole report of an account, as Adyen would write it now. */
export function reportOf(bank: Bank, rows: readonly Row[]): string {
  return written([...rows, ...payoutRows(bank, rows)]);
}

function quoted(field: string): string {
  return /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
