import { DECLINES, codesOf } from "../../src/processors/declines";
import { DECLINE_ADVICE } from "../../src/processors/processor";
import { TEST_CARDS } from "../../src/sandbox/test-cards";

const declined = [...TEST_CARDS].flatMap(([name, { decline }]) =>
  decline ? [{ name, decline }] : [],
);

test.each(declined)("what the network says of $name is what the table says", ({ decline }) => {
  const known = DECLINES[decline.decline_code ?? ""];
  expect(known).toMatchObject({
    network: decline.network_decline_code,
    advice: decline.advice_code.toUpperCase(),
  });
});

test("every code of the table has a test card, and every advice a code", () => {
  const shown = declined.map(({ decline }) => decline.decline_code);
  expect([...new Set(shown)].sort()).toEqual(Object.keys(DECLINES).sort());
  const given = Object.values(DECLINES).map(({ advice }) => advice);
  expect(new Set(given)).toEqual(new Set(DECLINE_ADVICE));
});

test("a processor's own words count first, and the advice follows whether it is a hard one", () => {
  const soft = { kind: "declined", code: "card_declined", message: "", hard: false } as const;
  const stolen = { ...soft, declineCode: "stolen_card" };
  expect(codesOf({ ...stolen, hard: true })).toEqual({
    adviceCode: "DO_NOT_TRY_AGAIN",
    networkDeclineCode: "43",
  });
  // A processor that would take it again is not contradicted.
  expect(codesOf(stolen)).toEqual({ adviceCode: null, networkDeclineCode: "43" });
  const own = { adviceCode: "TRY_ANOTHER_CARD", networkDeclineCode: "X1" } as const;
  expect(codesOf({ ...stolen, ...own })).toEqual(own);
  for (const declineCode of ["toString", "news_to_us"]) {
    expect(codesOf({ ...soft, declineCode })).toEqual({
      adviceCode: null,
      networkDeclineCode: null,
    });
  }
});
