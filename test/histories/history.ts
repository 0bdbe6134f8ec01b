import fc from "fast-check";
import { CARD_NAMES, type CardName, type Setup } from "./shadow";

/** What people do with payments, in any order, sensible or not. */

export type Act =
  | { readonly act: "confirm"; readonly card: CardName | null }
  | { readonly act: "capture"; readonly share: number | null; readonly final: boolean }
  | { readonly act: "cancel" }
  | { readonly act: "refund"; readonly share: number | null }
  | { readonly act: "update"; readonly share: number }
  | { readonly act: "authenticate"; readonly ending: "complete" | "fail" }
  /** The shopper's bank takes money back. News that is late is heard of when workers work, and the end of it first. */
  | { readonly act: "dispute"; readonly share: number | null; readonly late: boolean }
  | {
      readonly act: "decide";
      readonly which: number;
      readonly outcome: "won" | "lost";
      readonly late: boolean;
    }
  /** The time of what is held is over, or will be soon. */
  | { readonly act: "expire" }
  | { readonly act: "nearly expire" }
  /** The same request as some time before, with the same key. */
  | { readonly act: "repeat"; readonly which: number }
  /** That key, for something else. */
  | { readonly act: "reuse"; readonly which: number }
  /** Two at once. */
  | { readonly act: "race"; readonly first: Act; readonly second: Act };

export interface History {
  readonly setup: Setup;
  readonly acts: readonly Act[];
}

/** Histories that are played side by side, an act of each in turn, and after which of these rounds workers work. */
export interface Batch {
  readonly histories: readonly History[];
  readonly settles: readonly boolean[];
}

export const ACTS_MAX = 50;

const card = fc.oneof(
  { weight: 3, arbitrary: fc.constant<CardName>("pm_card_visa") },
  { weight: 2, arbitrary: fc.constantFrom(...CARD_NAMES) },
);

/** Of the payment's amount; none means all that is left. */
const share = fc.option(fc.constantFrom(0.1, 0.25, 0.5, 1, 1.5), { nil: null });

const single: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant("confirm" as const), card: fc.option(card) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant("capture" as const), share, final: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ act: "cancel" as const }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant("refund" as const), share }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant("update" as const),
      share: fc.constantFrom(0.5, 1, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("authenticate" as const),
      ending: fc.constantFrom("complete" as const, "fail" as const),
    }),
  },
);

const which = fc.nat({ max: ACTS_MAX });

const dispute = fc.record({ act: fc.constant("dispute" as const), share, late: fc.boolean() });
const expire = fc.constant({ act: "expire" as const });

/** What comes at the same time as something else. */
const other: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: single },
  { weight: 1, arbitrary: dispute },
  { weight: 1, arbitrary: expire },
);

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: single },
  { weight: 2, arbitrary: dispute },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant("decide" as const),
      which,
      outcome: fc.constantFrom("won" as const, "lost" as const),
      late: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: expire },
  { weight: 1, arbitrary: fc.constant({ act: "nearly expire" as const }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("repeat" as const), which }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("reuse" as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("race" as const), first: single, second: other }),
  },
);

const setup: fc.Arbitrary<Setup> = fc.record({
  amount: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_000_000_000 })),
  // Two, no and three decimals.
  currency: fc.constantFrom("USD" as const, "JPY" as const, "KWD" as const),
  manual: fc.boolean(),
  card: fc.option(card, { nil: null, freq: 4 }),
  policy: fc.constantFrom("NOTIFY" as const, "CAPTURE" as const, "VOID" as const),
});

const history: fc.Arbitrary<History> = fc
  .record({
    setup,
    // Those that are confirmed at once have more ahead of them.
    first: fc.option(card, { nil: null, freq: 3 }),
    // Most are short, as payments are.
    acts: fc.oneof(
      { weight: 19, arbitrary: fc.array(act, { maxLength: 9, size: "max" }) },
      { weight: 1, arbitrary: fc.array(act, { maxLength: ACTS_MAX - 1, size: "max" }) },
    ),
  })
  .map(({ setup, first, acts }) => {
    const confirmed: Act[] = first === null ? [] : [{ act: "confirm", card: first }];
    return { setup, acts: [...confirmed, ...acts] };
  });

const sometimes = fc.nat({ max: 3 }).map((n) => n === 0);

export function batches(size: number): fc.Arbitrary<Batch> {
  return (
    fc
      .record({
        histories: fc.array(history, { minLength: size, maxLength: size }),
        settles: fc.array(sometimes, { minLength: ACTS_MAX, maxLength: ACTS_MAX }),
      })
      // What is confirmed at once is answered at once.
      .map(({ histories, settles }) => ({ histories, settles: [true, ...settles.slice(1)] }))
      .map((batch) => ({ ...batch, [fc.toStringMethod]: () => describe(batch) }))
  );
}

/** Only what was done: after shrinking, that is little. */
function describe({ histories, settles }: Batch): string {
  const lived = histories.filter(({ acts }) => acts.length > 0);
  const rounds = Math.max(0, ...lived.map(({ acts }) => acts.length));
  const settled = settles.slice(0, rounds).map((settles, n) => (settles ? n : -1));
  return JSON.stringify({ lived, settledAfter: settled.filter((n) => n >= 0) });
}
