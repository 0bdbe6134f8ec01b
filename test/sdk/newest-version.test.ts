import { createCacheKeys, createNewestVersions } from "../../src/sdk/newest-version";

test("finds an older state of a payment wherever it is in a result", () => {
  const { note } = createNewestVersions();
  const page = (version: number) => ({
    paymentIntents: { edges: [null, { node: { id: "pi_1", version } }, { node: { id: "pi_2" } }] },
  });
  expect(note(page(3))).toBe(false);
  expect(note(page(3))).toBe(false);
  expect(note(page(2))).toBe(true);
  expect(note({ any: { name: { id: "pi_1", version: 4 } } })).toBe(false);
  expect(note(page(3))).toBe(true);
});

test("what is no payment has no versions to compare", () => {
  const { note } = createNewestVersions();
  expect(note({ id: "rpl_1", version: 5 })).toBe(false);
  expect(note({ id: "rpl_1", version: 1 })).toBe(false);
  expect(note(null)).toBe(false);
});

test("what an event holds is as it was, and so is no older state of the payment", () => {
  const { note } = createNewestVersions();
  const event = (version: number) => ({
    node: {
      type: "payment_intent.created",
      data: { object: { id: "pi_1", object: "payment_intent", version } },
    },
  });
  expect(note({ edges: [event(3), event(1)] })).toBe(false);
  expect(note({ id: "pi_1", version: 2 })).toBe(false);
});

test("forgets the payments that it has seen first when there are too many", () => {
  const { note } = createNewestVersions(2);
  for (const id of ["pi_1", "pi_2", "pi_3"]) note({ id, version: 2 });
  expect(note({ id: "pi_3", version: 1 })).toBe(true);
  expect(note({ id: "pi_1", version: 1 })).toBe(false);
});

test("an older state has a key of its own, and the newest has the payment's", () => {
  const keyOf = createCacheKeys();
  expect(keyOf({ id: "pi_1", version: 2 })).toBe("pi_1");
  expect(keyOf({ id: "pi_1", version: 4 })).toBe("pi_1");
  expect(keyOf({ id: "pi_1", version: 2 })).toBe("pi_1@2");
  expect(keyOf({ id: "pi_1" })).toBe("pi_1");
  expect(keyOf({})).toBeUndefined();
});
