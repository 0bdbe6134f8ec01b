import { soundOutcome } from "../../src/processors/sound-outcome";

const APPROVED = {
  kind: "approved",
  processorChargeId: "ch_1",
  amountMinor: 1_000,
  feeMinor: 0,
} as const;

it("keeps until when an amount is held, in one form", () => {
  const outcome = { ...APPROVED, authorizationExpiresAt: "2026-11-27T11:30:00+01:00" };
  expect(soundOutcome(outcome)).toEqual({
    ...APPROVED,
    authorizationExpiresAt: "2026-11-27T10:30:00.000Z",
  });
});

it.each(["", "soon", "0000-00-00", "+275760-09-13T00:00:00.000Z", "1969-12-31T00:00:00Z", 7, null])(
  "takes an approval for one although it says that it holds until %j",
  (said) => {
    const outcome = { ...APPROVED, authorizationExpiresAt: said as string };
    expect(soundOutcome(outcome)).toEqual(APPROVED);
  },
);
