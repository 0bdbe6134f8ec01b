import { classify } from "../../src/reconciliation/classify";
import type { Compared } from "../../src/reconciliation/compared";
import { breakOf } from "../../src/reconciliation/find-missing";
import type { Report } from "../../src/reconciliation/report-store";

/** What each difference is called, and which accounts its correction is proposed for: in refunds they change places. */

const ATTEMPT: NonNullable<Compared["attempt"]> = {
  merchantId: "mer_1",
  paymentIntentId: "pi_1",
  operation: "charge",
  status: "SUCCEEDED",
  ...{ amount: 1_000, currency: "USD", fee: 59, feeCurrency: "USD", compensated: false },
  returned: false,
};
const LEDGER = { journalId: "jrn_1", amount: 1_000, fee: 59, feeCurrency: "USD", corrections: 0 };
const CAPTURE: Compared = {
  ...{ reference: "att_1", moves: 1, reverses: 0, repeated: 0, earlier: 0, kind: "capture" },
  surplusKnown: 0,
  ...{ amount: 1_000, currency: "USD", fee: 59, feeCurrency: "USD" },
  ...{ attempt: ATTEMPT, ledger: LEDGER },
};
const REFUND: Compared = {
  ...CAPTURE,
  ...{ kind: "refund", fee: 0, ledger: { ...LEDGER, fee: 0 } },
  attempt: { ...ATTEMPT, operation: "refund" },
};
const corrected = (amount: number, fee = 59) => ({ ...LEDGER, amount, fee, corrections: 1 });
const is = (base: Compared, attempt: Partial<NonNullable<Compared["attempt"]>>): Compared => ({
  ...base,
  attempt: { ...ATTEMPT, operation: base.attempt?.operation ?? "charge", ...attempt },
});

const REPORT = { id: "rec_1", source: "SETTLEMENT_FILE", processor: "sandbox" } as Report;

const RECEIVABLE = "PROCESSOR_RECEIVABLE";
const IN = (amount: number) => `${RECEIVABLE} to SUSPENSE ${String(amount)}`;
const OUT = (amount: number) => `SUSPENSE to ${RECEIVABLE} ${String(amount)}`;
const FEE = (amount: number) => `PROCESSING_FEES to ${RECEIVABLE} ${String(amount)}`;
const FEE_BACK = (amount: number) => `${RECEIVABLE} to PROCESSING_FEES ${String(amount)}`;

interface Row {
  readonly what: string;
  readonly compared: Compared;
  readonly kinds: string;
  readonly postings: readonly string[];
}
const row = (
  what: string,
  compared: Compared,
  kinds: string,
  ...postings: readonly string[]
): Row => ({ what, compared, kinds, postings });

// A posting is written as "debit to credit amount": the account that is debited comes first.
const ROWS: readonly Row[] = [
  row("agrees", CAPTURE, ""),
  row("a refund agrees", REFUND, ""),
  row("more captured", { ...CAPTURE, amount: 1_300 }, "AMOUNT", IN(300)),
  row("less captured", { ...CAPTURE, amount: 900 }, "AMOUNT", OUT(100)),
  row("more refunded", { ...REFUND, amount: 1_300 }, "AMOUNT", OUT(300)),
  row("less refunded", { ...REFUND, amount: 900 }, "AMOUNT", IN(100)),
  row("a higher fee", { ...CAPTURE, fee: 61 }, "FEE", FEE(2)),
  row("a lower fee", { ...CAPTURE, fee: 50 }, "FEE", FEE_BACK(9)),
  row("captured twice", { ...CAPTURE, moves: 2 }, "DUPLICATE", IN(1_000), FEE(59)),
  row("in an earlier file, too", { ...CAPTURE, earlier: 2 }, "DUPLICATE", IN(2_000), FEE(118)),
  row("refunded twice", { ...REFUND, moves: 2 }, "DUPLICATE", OUT(1_000)),
  row("twice, and once taken back", { ...CAPTURE, moves: 2, reverses: 1 }, ""),
  row("twice, and given back by us", { ...CAPTURE, moves: 2, reverses: 1, surplusKnown: 1 }, ""),
  row("twice, as it was before it was given back", { ...CAPTURE, moves: 2, surplusKnown: 1 }, ""),
  row("the second, and what took it back", { ...CAPTURE, reverses: 1, surplusKnown: 1 }, ""),
  row(
    "the second, after an earlier file",
    { ...CAPTURE, reverses: 1, earlier: 1, surplusKnown: 1 },
    "",
  ),
  row("what took the second back", { ...CAPTURE, moves: 0, reverses: 1, surplusKnown: 1 }, ""),
  row("what took both back", { ...CAPTURE, moves: 0, reverses: 2, surplusKnown: 1 }, "STATE"),
  row(
    "both, and what took them back",
    { ...CAPTURE, moves: 2, reverses: 2, surplusKnown: 1 },
    "STATE",
  ),
  row(
    "a third, after one was given back",
    { ...CAPTURE, moves: 3, reverses: 1, surplusKnown: 1 },
    "DUPLICATE",
    ...[IN(1_000), FEE(59)],
  ),
  row("its line came twice", { ...CAPTURE, repeated: 1 }, "DUPLICATE"),
  row("another currency", { ...CAPTURE, currency: "EUR", amount: 1 }, "CURRENCY"),
  row("no journal", { ...CAPTURE, ledger: null }, "MISSING_HERE"),
  row("a journal of another amount", { ...CAPTURE, ledger: { ...LEDGER, amount: 1 } }, "AMOUNT"),
  row("nobody's capture", { ...CAPTURE, attempt: null }, "MISSING_HERE", IN(1_000), FEE(59)),
  row(
    "nobody's, its fee foreign",
    { ...CAPTURE, feeCurrency: "EUR", attempt: null },
    "MISSING_HERE",
    IN(1_000),
  ),
  row("nobody's refund", { ...REFUND, attempt: null }, "MISSING_HERE", OUT(1_000)),
  row("nobody's hold", { ...CAPTURE, kind: "authorize", attempt: null }, "MISSING_HERE"),
  row("nobody's, taken back", { ...CAPTURE, reverses: 1, attempt: null }, ""),
  row("another kind", { ...CAPTURE, kind: "authorize" }, "STATE"),
  row("taken back there", { ...CAPTURE, reverses: 1 }, "STATE"),
  row("declined here", is(CAPTURE, { status: "DECLINED" }), "STATE"),
  row("being given back", is(CAPTURE, { status: "DECLINED", compensated: true }), "TIMING"),
  row("a refund returned", is(REFUND, { status: "DECLINED", returned: true }), "TIMING"),
  row(
    "declined, and taken back",
    is({ ...CAPTURE, moves: 0, reverses: 1 }, { status: "DECLINED" }),
    "",
  ),
  row(
    "given back, with another fee",
    is({ ...CAPTURE, reverses: 1, fee: 61 }, { status: "DECLINED", compensated: true }),
    "FEE",
    FEE(2),
  ),
  row(
    "given back, with a fee in euros",
    is({ ...CAPTURE, reverses: 1, feeCurrency: "EUR" }, { status: "DECLINED", compensated: true }),
    "FEE",
  ),
  row("not known yet", is(CAPTURE, { status: "UNKNOWN" }), "TIMING"),
  row("not known, and taken back", is({ ...CAPTURE, reverses: 1 }, { status: "UNKNOWN" }), ""),
  row("corrected to this", { ...CAPTURE, amount: 1_300, ledger: corrected(1_300) }, ""),
  row("corrected, and as before", { ...CAPTURE, ledger: corrected(1_300) }, "AMOUNT", OUT(300)),
  row("a refund corrected", { ...REFUND, ledger: corrected(0, 0) }, "AMOUNT", OUT(1_000)),
  row("a fee corrected", { ...CAPTURE, ledger: corrected(1_000, 61) }, "FEE", FEE_BACK(2)),
  row("a void of less", { ...is(CAPTURE, { operation: "void" }), kind: "void", amount: 400 }, ""),
  row(
    "a void of more",
    { ...is(CAPTURE, { operation: "void" }), kind: "void", amount: 2_000 },
    "AMOUNT",
  ),
];

type Found = Pick<ReturnType<typeof breakOf>, "proposal">;
const postingsOf = ({ proposal }: Found): string[] =>
  (proposal?.postings ?? []).map(
    ({ debit, credit, amount }) => `${debit} to ${credit} ${String(amount)}`,
  );

test.each(ROWS)("$what", ({ compared, kinds, postings }) => {
  const found = classify(compared, REPORT);
  expect(found.map(({ kind }) => kind).join(" ")).toBe(kinds);
  expect(found.flatMap(postingsOf)).toEqual(postings);
  const { attempt, ledger } = compared;
  for (const { proposal, merchantId } of found) {
    expect(merchantId === "mer_1").toBe(attempt !== null);
    if (proposal) {
      const isPosted = attempt?.status === "SUCCEEDED";
      expect(proposal.corrects).toBe(isPosted ? ledger?.journalId : null);
    }
  }
});

test.each([
  ["charge", [OUT(1_000), FEE_BACK(59)]],
  ["capture", [OUT(1_000), FEE_BACK(59)]],
  ["refund", [IN(1_000)]],
])("a %s without a line", (operation, postings) => {
  const missing = {
    ...{
      id: "att_1",
      merchantId: "mer_1",
      paymentIntentId: "pi_1",
      status: "SUCCEEDED",
      operation,
    },
    ...{ amount: 1_000, currency: "USD", fee: operation === "refund" ? 0 : 59 },
    ...{ journalId: "jrn_1", feeIsOwn: true },
  };
  const now = breakOf({ ...missing, atTheEdge: false }, REPORT, 1);
  expect([now.kind, ...postingsOf(now)]).toEqual(["MISSING_THERE", ...postings]);
  const later = breakOf({ ...missing, atTheEdge: true }, REPORT, 1);
  expect([later.kind, later.dueInMs, ...postingsOf(later)]).toEqual(["TIMING", 1]);
});
