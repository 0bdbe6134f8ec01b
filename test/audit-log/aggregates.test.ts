import { type CountedEntry, type Noted, createAggregates } from "../../src/audit-log/aggregates";
import type { Actor } from "../../src/audit-log/entry";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
// In the middle of a day, at the start of a minute.
const START = 20_000 * DAY + 700 * MINUTE;

const STRANGER: Actor = {
  kind: "ANONYMOUS",
  id: null,
  hint: "sk_…abcd",
  address: "203.0.113.7",
  requestId: "req_1",
};

function refusal(actor: Partial<Actor> = {}, rest: Partial<Noted> = {}): Noted {
  return {
    merchantId: "mer_a",
    action: "AUTHENTICATION_REFUSED",
    operation: "paymentIntents",
    outcome: "REFUSED",
    errorCode: "UNAUTHENTICATED",
    actor: { ...STRANGER, ...actor },
    ...rest,
  };
}

function read(operation: string, ids: readonly string[]): Noted {
  const actor: Actor = { ...STRANGER, kind: "OPERATOR", id: "key_1", hint: "ok_…abcd" };
  return {
    ...refusal(),
    actor,
    operation,
    action: "READ",
    outcome: "SUCCEEDED",
    errorCode: null,
    ids,
    objects: ids.length,
  };
}

function sum(entries: readonly CountedEntry[]): number {
  return entries.reduce((total, { count }) => total + count, 0);
}

let dropped = 0;
let aggregates = createAggregates(() => (dropped += 1));
beforeEach(() => {
  dropped = 0;
  aggregates = createAggregates(() => (dropped += 1));
});

test("what is alike gives a row at once, and one more with the rest when its minute is over", () => {
  aggregates.note(refusal(), START);
  aggregates.note(refusal(), START + 400);
  const [first, ...none] = aggregates.take(START + 1_000);
  expect(none).toEqual([]);
  expect(first).toMatchObject({
    count: 2,
    at: new Date(START).toISOString(),
    lastAt: new Date(START + 400).toISOString(),
    noted: { actor: { hint: "sk_…abcd", address: "203.0.113.7" }, merchantId: "mer_a" },
  });
  for (let ms = 1_000; ms < MINUTE; ms += 1_000) {
    aggregates.note(refusal(), START + ms);
    expect(aggregates.take(START + ms)).toEqual([]);
  }
  expect(aggregates.isEmpty()).toBe(false);
  const [second, ...others] = aggregates.take(START + MINUTE);
  expect(others).toEqual([]);
  expect(second).toMatchObject({
    count: 59,
    at: new Date(START + 1_000).toISOString(),
    lastAt: new Date(START + 59_000).toISOString(),
  });
  expect(second?.id).not.toBe(first?.id);
  expect(aggregates.isEmpty()).toBe(true);
  expect(aggregates.take(START + 2 * MINUTE)).toEqual([]);
});

test("what falls into the next minute counts there, also when nobody asked in between", () => {
  aggregates.note(refusal(), START + MINUTE - 1);
  aggregates.note(refusal(), START + MINUTE);
  aggregates.note(refusal(), START + MINUTE + 1);
  expect(aggregates.take(START + MINUTE + 2).map(({ count }) => count)).toEqual([1, 2]);
});

test("a flood from one address with a new key each time is a few rows, with all of it counted", () => {
  for (let n = 0; n < 50_000; n += 1) {
    const hint = `sk_…${String(n).padStart(4, "0").slice(-4)}`;
    aggregates.note(refusal({ hint }, { merchantId: `mer_${String(n)}` }), START + n);
  }
  const entries = [...aggregates.take(START + 50_000), ...aggregates.take(START + MINUTE)];
  expect(sum(entries)).toBe(50_000);
  expect(entries.length).toBeLessThanOrEqual(6);
  const rest = entries.find(({ noted }) => noted.actor.hint === null);
  expect(rest?.noted).toMatchObject({
    merchantId: null,
    operation: null,
    actor: { kind: "ANONYMOUS", address: "203.0.113.7" },
  });
});

test("a flood from a hundred thousand addresses is a few hundred rows, with all of it counted", () => {
  for (let n = 0; n < 100_000; n += 1) {
    const address = `10.${String(n % 100)}.${String((n >> 7) % 250)}.${String(n % 251)}`;
    aggregates.note(refusal({ address }), START + (n % 1_000));
  }
  const entries = [...aggregates.take(START + 1_000), ...aggregates.take(START + MINUTE)];
  expect(sum(entries)).toBe(100_000);
  expect(entries.length).toBeLessThanOrEqual(2 * (300 + 100 + 1));
  expect(entries.some(({ noted }) => noted.actor.address === null)).toBe(true);
});

test("a flood of refusals takes no room from reads", () => {
  for (let n = 0; n < 1_000; n += 1) {
    aggregates.note(refusal({ address: `10.0.${String(n >> 8)}.${String(n & 255)}` }), START);
  }
  aggregates.note(read("paymentIntent", ["pi_1"]), START);
  const entries = aggregates.take(START).filter(({ noted }) => noted.action === "READ");
  expect(entries).toMatchObject([{ noted: { operation: "paymentIntent" }, subjectId: "pi_1" }]);
});

test("reads of one field are one row with the first ids, each once", () => {
  const ids = Array.from({ length: 25 }, (_, n) => `pi_${String(n)}`);
  aggregates.note(read("paymentIntents", ids.slice(0, 3)), START);
  aggregates.note(read("paymentIntents", ids), START);
  aggregates.note(read("refunds", []), START);
  const [intents, refunds] = aggregates.take(START);
  expect(intents).toMatchObject({
    count: 2,
    subjectId: null,
    details: { ids: ids.slice(0, 10), objects: 28 },
  });
  expect(refunds).toMatchObject({ count: 1, details: { objects: 0 } });
});

test("the first use of a key is seen at once, and its last use when the day or the process ends", () => {
  const use = (ms: number): void => {
    const actor = () => ({ ...STRANGER, kind: "SECRET" as const, id: "key_1" });
    aggregates.noteUse({ id: "key_1", merchantId: "mer_a", actor }, ms);
  };
  use(START);
  expect(aggregates.take(START)).toMatchObject([{ count: 1, noted: { action: "API_KEY_USED" } }]);
  for (let n = 1; n <= 1_000; n += 1) use(START + n * 1_000);
  expect(aggregates.take(START + 1_000_000)).toEqual([]);
  const lastAt = new Date(START + 1_000_000).toISOString();
  const nextDay = Math.ceil(START / DAY) * DAY;
  use(nextDay);
  const [yesterday, today] = aggregates.take(nextDay);
  expect(yesterday).toMatchObject({ count: 1_000, lastAt });
  expect(today).toMatchObject({ count: 1 });
  use(nextDay + 1);
  expect(aggregates.takeAll()).toMatchObject([{ count: 1 }]);
});

test("keys beyond the limit are counted as dropped", () => {
  for (let n = 0; n < 10_005; n += 1) {
    const id = `key_${String(n)}`;
    aggregates.noteUse({ id, merchantId: "mer_a", actor: () => ({ ...STRANGER, id }) }, START);
  }
  expect(aggregates.take(START)).toHaveLength(10_000);
  expect(dropped).toBe(5);
});

test("an address that is none is not kept", () => {
  const addresses = ["::ffff:203.0.113.9", "4242424242424242", "<script>", "2001:db8::1", ""];
  for (const address of addresses) aggregates.note(refusal({ address }), START);
  const kept = aggregates.take(START).map(({ noted }) => noted.actor.address);
  expect(kept).toEqual(["203.0.113.9", null, null, "2001:db8::1", null]);
});
