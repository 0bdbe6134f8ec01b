import { createSealing } from "../../src/idempotency/replay-cache/entry";
import type { FinishedRecord } from "../../src/idempotency/keys";

const NAME = { merchantId: "mer_1", operation: "createPaymentIntent", key: "order-1" };
const RECORD: FinishedRecord = {
  fingerprint: "ab",
  firstSeenAt: "2026-11-21T10:00:00.000Z",
  result: { id: "pi_1", amount: 100 },
  beside: null,
  failureCode: null,
  failureDetails: null,
};

const sealing = createSealing(Buffer.alloc(32, 1));
const another = createSealing(Buffer.alloc(32, 2));
const here = sealing.nameOf("life", NAME);
const soon = (): number => Date.now() + 60_000;

const KINDS = {
  "a record": (untilMs: number) => sealing.sealRecord(here, untilMs, RECORD),
  "a mark": (untilMs: number) => sealing.signBusy(here, untilMs),
};

describe.each(Object.entries(KINDS))("%s", (kind, make) => {
  test("opens under its own name, until its time is over", () => {
    const untilMs = soon();
    const record = kind === "a record" ? { record: RECORD } : {};
    expect(sealing.open(here, make(untilMs))).toEqual({ untilMs, ...record });
    expect(sealing.open(here, make(Date.now() - 1))).toBeUndefined();
  });

  test("does not open under another name, or with another key", () => {
    const bytes = make(soon());
    expect(
      sealing.open(sealing.nameOf("life", { ...NAME, key: "order-2" }), bytes),
    ).toBeUndefined();
    expect(another.open(here, bytes)).toBeUndefined();
  });

  test("does not open when any byte of it was changed, or any is missing", () => {
    const bytes = make(soon());
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(sealing.open(here, changed)).toBeUndefined();
      expect(sealing.open(here, bytes.subarray(0, at))).toBeUndefined();
    }
  });
});

test("every part of what it is about is part of its name", () => {
  const names = [
    here,
    another.nameOf("life", NAME),
    sealing.nameOf("another life", NAME),
    sealing.nameOf("life", { ...NAME, merchantId: "mer_2" }),
    sealing.nameOf("life", { ...NAME, operation: "confirmPaymentIntent" }),
    sealing.nameOf("life", { ...NAME, key: "order-2" }),
    // As keys are stored that belong to one intent.
    sealing.nameOf("life", { ...NAME, key: "\u0001pi_1\norder-1" }),
  ];
  expect(new Set(names).size).toBe(names.length);
  expect(sealing.nameOf("life", { ...NAME })).toBe(here);
});
