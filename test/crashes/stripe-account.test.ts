import type { FailpointName } from "../../src/failpoints";
import { type StripeWorld, startStripeWorld } from "../processor-accounts/stripe-world";
import { statusOf } from "../processor-accounts/world";
import { crashOnceAt, expectCrashed, surviveCrash } from "../support/crash";
import { CHARGING, PREPARING } from "./charging";

/**
 * Payments of an account at Stripe, through the API and the workers, one of which dies between any two steps of each
 * operation: the simulation's books show one movement each time.
 */

let it: StripeWorld;
beforeAll(async () => {
  it = await startStripeWorld({ ONCEPAY_LOOKUP_SCHEDULE_MS: "0,600000" });
});
afterAll(() => it.stop());
afterEach(() => {
  it.stripe.server.faults.length = 0;
});

interface Operation {
  /** Up to where it is asked for; the payment. */
  readonly begin: () => Promise<string>;
  readonly status: string;
  /** In Stripe's books, at the end. */
  readonly stands: readonly string[];
}

const settled = async (given: { manual?: boolean } = {}): Promise<string> => {
  const id = await it.confirmed(given);
  await it.api.drain();
  return id;
};

const OPERATIONS: Readonly<Record<string, Operation>> = {
  charge: {
    begin: () => it.confirmed(),
    status: "SUCCEEDED",
    stands: ["capture 2500"],
  },
  authorisation: {
    begin: () => it.confirmed({ manual: true }),
    status: "REQUIRES_CAPTURE",
    stands: ["authorize 2500"],
  },
  capture: {
    begin: async () => {
      const id = await settled({ manual: true });
      await it.capture(id);
      return id;
    },
    status: "SUCCEEDED",
    stands: ["authorize 2500", "capture 2500"],
  },
  void: {
    begin: async () => {
      const id = await settled({ manual: true });
      await it.cancel(id);
      return id;
    },
    status: "CANCELED",
    stands: ["authorize 2500", "void 2500"],
  },
  refund: {
    begin: async () => {
      const id = await settled();
      await it.refund(id, 1_000);
      return id;
    },
    status: "SUCCEEDED",
    stands: ["capture 2500", "refund 1000"],
  },
};

const LOOKED_UP: readonly FailpointName[] = ["lookup.before_call", "lookup.after_call"];

const isPrepared = (operation: string): boolean => /charge|authorisation/.test(operation);

const CASES = Object.keys(OPERATIONS).flatMap((operation) =>
  [...CHARGING, ...(isPrepared(operation) ? PREPARING : [])].map((point) => [operation, point]),
) as [string, FailpointName][];

async function survived(
  operation: string,
  point: FailpointName,
  fault?: "lose_answer" | "lose_request",
): Promise<void> {
  const { begin, status, stands } = OPERATIONS[operation] as Operation;
  const id = await begin();
  if (fault !== undefined) {
    it.stripe.server.faults.push({ fault, ...(operation === "void" && { only: "/cancel" }) });
  }
  crashOnceAt(point);
  await surviveCrash(it.api);
  expectCrashed(point);
  // What is not found counts once it can arrive no more.
  await it.api.db.raw(
    "update attempts set sent_at = sent_at - interval '12 hours' where status = 'UNKNOWN'",
  );
  await it.settle();
  expect(it.stripe.server.faults).toEqual([]);
  expect(await statusOf(it.api, id)).toBe(status);
  expect(await it.stands(id)).toEqual(stands);
}

test.each(CASES)("a %s moves once when its worker dies at %s", async (operation, point) => {
  await survived(operation, point);
});

const UNKNOWN = Object.keys(OPERATIONS).flatMap((operation) =>
  LOOKED_UP.flatMap((point) =>
    (["lose_answer", "lose_request"] as const).map((fault) => [operation, point, fault] as const),
  ),
);

test.each(UNKNOWN)(
  "a %s moves once when whoever looks it up dies at %s after %s",
  async (operation, point, fault) => {
    await survived(operation, point, fault);
  },
);

test.each(["charge", "authorisation"])(
  "a %s that is undone moves once when whoever undid it dies before that is written",
  async (operation) => {
    await survived(operation, "lookup.after_reverse", "lose_request");
  },
);
