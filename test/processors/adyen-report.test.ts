import { isWhole, splitFields } from "../../src/processors/csv";
import { settlementDetails } from "../../src/processors/adyen/settlement-details";
import { decimalOf, minorOf, momentOf } from "../../src/processors/adyen/report-values";
import { newId } from "../../src/ids";
import { COLUMNS, type Row, written } from "../adyen-simulation/report";

/** Lines of Adyen's Settlement details report; those of its documentation with the reference of an attempt of ours. */

const ACCOUNT = "TestMerchant";
const CHARGE = newId("attempt");
const REFUND = newId("attempt");

const read = (row: Row) => {
  const [header = "", record = ""] = written([
    { "Merchant Account": ACCOUNT, "Batch Number": "4", TimeZone: "CET", ...row },
  ]).split("\n");
  return settlementDetails.readHeader(header)(record, ACCOUNT);
};

const SETTLED: Row = {
  ...{ "Psp Reference": "1813702551707653", "Merchant Reference": CHARGE },
  ...{ "Creation Date": "2013-06-03 11:26:49", Type: "Settled" },
  ...{ "Modification Reference": "BC12345678901234", "Gross Currency": "GBP" },
  ...{ "Gross Credit (GC)": "5.00", "Exchange Rate": "1", "Net Currency": "GBP" },
  ...{ "Net Credit (NC)": "4.88", "Markup (NC)": "0.04", "Scheme Fees (NC)": "0.01" },
  ...{ "Interchange (NC)": "0.07" },
};

test("a settled payment has its amount, what Adyen keeps of it, and a place in the payout", () => {
  expect(read(SETTLED)).toEqual({
    ...{ at: "2013-06-03T10:26:49.000Z", batch: "4", currency: "GBP", netMinor: 488 },
    movement: {
      ...{ movementId: "Settled:BC12345678901234", kind: "capture", amountMinor: 500 },
      ...{ currency: "GBP", feeMinor: 12, feeCurrency: null, reference: CHARGE },
      ...{ chargeId: expect.stringMatching(/^(1813702551707653|[a-p]{32})$/) as unknown },
      movedAt: "2013-06-03T10:26:49.000Z",
    },
    parts: [
      {
        kind: "CHARGE",
        amountMinor: 500,
        reference: CHARGE,
        movementId: "Settled:BC12345678901234",
      },
      { kind: "FEE", amountMinor: -12, reference: CHARGE, movementId: "Settled:BC12345678901234" },
    ],
  });
});

test("what is paid out in another currency has the sum of its fees, also where more is kept than came in", () => {
  const line = read({
    ...SETTLED,
    ...{ "Gross Currency": "INR", "Gross Credit (GC)": "10", "Exchange Rate": "0.011" },
    ...{ "Net Currency": "USD", "Net Credit (NC)": "", "Net Debit (NC)": "0.03" },
    ...{ "Markup (NC)": "0", "Scheme Fees (NC)": ".04", "Interchange (NC)": "0.1" },
  });
  expect(line).toMatchObject({
    ...{ netMinor: -3, currency: "USD" },
    movement: { amountMinor: 1_000, currency: "INR", feeMinor: 14, feeCurrency: "USD" },
    parts: [{ amountMinor: 11 }, { kind: "FEE", amountMinor: -14 }],
  });
});

const REFUNDED: Row = {
  ...SETTLED,
  ...{ Type: "Refunded", "Gross Credit (GC)": "", "Gross Debit (GC)": "1.00" },
  ...{ "Net Credit (NC)": "", "Net Debit (NC)": "1.10", "Modification Merchant Reference": REFUND },
};

test.each<[string, Row, object]>([
  ["a refund is that of its own reference", REFUNDED, { reference: REFUND, feeMinor: 10 }],
  [
    "a refund by another hand is nobody's here",
    { ...REFUNDED, "Modification Merchant Reference": "" },
    { reference: "BC12345678901234", kind: "refund" },
  ],
  [
    "a fee that was given back is below zero",
    { ...REFUNDED, "Net Debit (NC)": "0.98" },
    { reference: REFUND, feeMinor: -2, amountMinor: 100 },
  ],
  [
    "a refund that came back takes back the refund",
    {
      ...{ ...REFUNDED, Type: "RefundedReversed", "Gross Debit (GC)": "" },
      ...{ "Gross Credit (GC)": "1.00", "Net Debit (NC)": "", "Net Credit (NC)": "1.00" },
    },
    { reference: REFUND, kind: "reverse", amountMinor: 100 },
  ],
  [
    "a capture is that of its own reference",
    { ...SETTLED, "Modification Merchant Reference": REFUND },
    { reference: REFUND, kind: "capture" },
  ],
  [
    "a capture by another hand is nobody's here",
    { ...SETTLED, "Modification Merchant Reference": "by hand" },
    { reference: "BC12345678901234", kind: "capture" },
  ],
])("%s", (_name, row, movement) => {
  expect(read(row)?.movement).toMatchObject(movement);
});

test("a chargeback is a dispute with its fee, and what follows says none", () => {
  const chargeback = {
    ...{ ...SETTLED, Type: "Chargeback", "Modification Reference": "2313642467170922" },
    ...{ "Gross Currency": "EUR", "Gross Credit (GC)": "", "Gross Debit (GC)": "349.99" },
    ...{ "Net Currency": "EUR", "Net Credit (NC)": "", "Net Debit (NC)": "357.49" },
    ...{ "Commission (NC)": "7.5", "Markup (NC)": "" },
  };
  const news = { processorDisputeId: "2313642467170922", amountMinor: 34_999, currency: "EUR" };
  expect(read(chargeback)).toMatchObject({
    dispute: {
      reference: CHARGE,
      isFeeTold: true,
      news: { ...news, status: "OPEN", feeMinor: 750 },
    },
    parts: [
      { kind: "DISPUTE", amountMinor: -34_999 },
      { kind: "FEE", amountMinor: -750 },
    ],
  });
  expect(read({ ...chargeback, Type: "SecondChargeback" })?.dispute).toMatchObject({
    ...{ isFeeTold: false, news: { ...news, status: "LOST", feeMinor: 0 } },
  });
});

test("what is of no payment of ours is a part of the payout, and nothing else", () => {
  const fee: Row = { "Creation Date": "2013-06-11 04:55:40", "Net Currency": "USD" };
  const others = { kind: "ADJUSTMENT", reference: "others", movementId: "others" };
  for (const Type of ["Fee", "InvoiceDeduction", "Balancetransfer", "OfSomeNewType"]) {
    const line = read({ ...fee, Type, "Net Debit (NC)": "1.80" });
    expect(line).toMatchObject({ netMinor: -180, parts: [{ ...others, amountMinor: -180 }] });
  }
  const theirs = read({ ...SETTLED, "Merchant Reference": "order 4711" });
  expect(theirs?.movement).toBeUndefined();
  expect(theirs?.parts).toEqual([{ ...others, amountMinor: 488 }]);
  expect(read({ ...SETTLED, "Merchant Account": "Another" })).toBeUndefined();
  const Type = "MerchantPayout";
  const named = "TX2342222277XT batch 2, TestMerchant";
  expect(
    read({ ...fee, Type, "Net Debit (NC)": "0.76", "Modification Reference": named }),
  ).toMatchObject({ payoutId: "TX2342222277XT", netMinor: -76, parts: [] });
  expect(read({ ...fee, Type, "Net Debit (NC)": "0.76" })?.payoutId).toBe("batch 4 USD");
});

test.each<[string, Row]>([
  ["an amount is no decimal number", { ...SETTLED, "Gross Credit (GC)": "1e3" }],
  ["an amount is no decimal number", { ...SETTLED, "Gross Credit (GC)": "5,00" }],
  ["an amount cannot be said in minor units of GBP", { ...SETTLED, "Gross Credit (GC)": "5.005" }],
  ["it has a debit and a credit", { ...SETTLED, "Net Debit (NC)": "1" }],
  ["a movement of ours is of nothing", { ...SETTLED, "Gross Credit (GC)": "" }],
  ["a currency is not known", { ...SETTLED, "Net Currency": "ABC" }],
  ["a time is not written as YYYY-MM-DD HH:MM:SS", { ...SETTLED, "Creation Date": "3.6.2013" }],
  ["a time zone is not known", { ...SETTLED, TimeZone: "XYZ" }],
  ["the batch number is none", { ...SETTLED, "Batch Number": "" }],
  ["of a type that is not known", { ...SETTLED, Type: "SettledInInstallments" }],
])("is refused: %s", (why, row) => {
  expect(() => read(row)).toThrow(why);
});

test("the first line says which column is which, in whatever order", () => {
  const [header = "", record = ""] = written([{ "Merchant Account": ACCOUNT, ...SETTLED }]).split(
    "\n",
  );
  expect(() => settlementDetails.readHeader("movement_id,kind,amount")).toThrow(
    "it is no Settlement details report: it has no Merchant Account, Psp Reference",
  );
  expect(() => settlementDetails.readHeader(`${header},Type`)).toThrow("the column Type twice");
  expect(() => settlementDetails.readHeader(header)(record.slice(0, -9), ACCOUNT)).toThrow(
    /it has \d+ fields, and the first line 31|it has quotes/,
  );
  const backwards = [...COLUMNS].reverse().join(",");
  const turned = record.split(",").reverse().join(",");
  const reading = settlementDetails.readHeader(`\uFEFF${backwards}`);
  expect(() => reading(turned, ACCOUNT)).toThrow("the batch number is none");
  expect(reading(turned.replace(/^(,*)/, "$1"), "Another")).toBeUndefined();
});

test.each([
  ["25.00", "USD", 2_500],
  ["2500", "JPY", 2_500],
  ["2.5", "KWD", 2_500],
  // Adyen's API counts a hundred to one of these, or one; in a report they are what they are.
  ["2500.00", "CLP", 2_500],
  ["2500.00", "ISK", 2_500],
  ["25", "IDR", 2_500],
  ["25", "CVE", 2_500],
  ["-.11", "EUR", -11],
  ["90071992547409.91", "EUR", 9_007_199_254_740_991],
])("%s %s is %i in minor units", (text, currency, minor) => {
  expect(minorOf(decimalOf(text), currency)).toBe(minor);
});

test("what cannot be said exactly is refused", () => {
  for (const [text, currency] of [
    ["0.5", "JPY"],
    ["1.0005", "KWD"],
    ["90071992547409.92", "EUR"],
  ] as const) {
    expect(() => minorOf(decimalOf(text), currency)).toThrow("cannot be said");
  }
  for (const text of [".", "-", "1.2.3", "1 000", "0.0000000000001", "1".repeat(30)]) {
    expect(() => decimalOf(text)).toThrow("no decimal number");
  }
});

test.each([
  ["2026-07-01 00:30:00", "CEST", "2026-06-30T22:30:00.000Z"],
  ["2026-01-31 23:30:00", "PST", "2026-02-01T07:30:00.000Z"],
  ["2026-01-31 05:30:00", "IST", "2026-01-31T00:00:00.000Z"],
])("%s %s is %s", (text, zone, moment) => {
  expect(momentOf(text, zone)).toBe(moment);
});

test("quotes are around fields, or the record is none", () => {
  expect(splitFields('a,"b,""c""",,"d\ne"')).toEqual(["a", 'b,"c"', "", "d\ne"]);
  expect(splitFields('"a",')).toEqual(["a", ""]);
  expect(splitFields("")).toEqual([""]);
  for (const wrong of ['a"b,c', '"a"b,c', '"a']) expect(splitFields(wrong)).toBeUndefined();
  expect(isWhole('a,"b')).toBe(false);
  expect(isWhole('a,"b""c"')).toBe(true);
});
