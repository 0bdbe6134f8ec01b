import { createKeys, newKey } from "../../src/sdk/idempotency-key";
import { type WebStorage, memoryKeyStore, webStorageKeyStore } from "../../src/sdk/key-store";

const call = { operation: "createPaymentIntent", input: { amount: 5, currency: "USD" } };

/** As sessionStorage is, with a size. */
function fakeStorage(itemsMax = 100): WebStorage & { readonly items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => {
      if (items.size >= itemsMax) throw new Error("QuotaExceededError");
      items.set(name, value);
    },
    removeItem: (name) => void items.delete(name),
  };
}

test("a key is a random UUID", () => {
  const keys = Array.from({ length: 1_000 }, newKey);
  expect(new Set(keys).size).toBe(1_000);
  for (const key of keys) {
    expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

test("equal inputs have one key, however they are written, and others have others", async () => {
  const take = createKeys(memoryKeyStore()).take;
  const first = await take(call);
  const written = { currency: "USD", amount: 5, description: undefined, customer: null };
  expect(first.isNew).toBe(true);
  expect(await take({ ...call, input: written })).toMatchObject({ key: first.key, isNew: false });
  const others = [
    { ...call, operation: "refundPaymentIntent" },
    { ...call, input: { amount: 5, currency: "EUR" } },
    { ...call, input: { amount: "5", currency: "USD" } },
    { ...call, intentOf: "cart-1" },
    { ...call, intentOf: "cart-2" },
  ];
  const keys = await Promise.all(others.map(async (other) => (await take(other)).key));
  expect(new Set([...keys, first.key]).size).toBe(6);
  expect((await take({ ...call, input: {}, intentOf: "cart-1" })).key).toBe(keys[3]);
});

test("a double click takes one key, also from a store that is slow", async () => {
  const memory = memoryKeyStore();
  const slow = { ...memory, get: (name: string) => Promise.resolve().then(() => memory.get(name)) };
  const take = createKeys(slow).take;
  const [one, two] = await Promise.all([take(call), take(call)]);
  expect(one.key).toBe(two.key);
});

test("without a store every call has its own key, for equal inputs may be two wishes", async () => {
  const take = createKeys(undefined).take;
  expect((await take(call)).key).not.toBe((await take(call)).key);
});

test("who was late does not make the store forget the key of the next wish", async () => {
  const take = createKeys(memoryKeyStore()).take;
  const first = await take(call);
  const twin = await take(call);
  await first.forget();
  const next = await take(call);
  await twin.forget();
  expect((await take(call)).key).toBe(next.key);
  expect(next.key).not.toBe(first.key);
});

test("a store that fails before the request fails the call, and after it changes nothing", async () => {
  const broken = (): never => {
    throw new Error("the store is broken");
  };
  const unwritable = createKeys({ ...memoryKeyStore(), set: broken }).take;
  await expect(unwritable(call)).rejects.toThrow("the store is broken");
  const undeletable = createKeys({ ...memoryKeyStore(), delete: broken }).take;
  await expect((await undeletable(call)).forget()).resolves.toBeUndefined();
});

test("a browser's storage keeps keys across reloads, and for a day", () => {
  const storage = fakeStorage();
  let now = 1_000;
  const page = () => webStorageKeyStore(storage, { now: () => now });
  void page().set("pay", "key-1");
  expect([...storage.items.keys()]).toEqual(["oncepay:pay"]);
  now += 24 * 60 * 60 * 1_000;
  expect(page().get("pay")).toBe("key-1");
  now += 1;
  expect(page().get("pay")).toBeUndefined();
  void page().delete("pay");
  expect(storage.items.size).toBe(0);
});

test("a storage that is full or forbidden leaves the page its own memory", () => {
  const full = webStorageKeyStore(fakeStorage(0));
  void full.set("pay", "key-1");
  expect(full.get("pay")).toBe("key-1");
  void full.delete("pay");
  expect(full.get("pay")).toBeUndefined();
  const forbidden = webStorageKeyStore({
    ...fakeStorage(0),
    getItem: () => {
      throw new Error("SecurityError");
    },
  });
  void forbidden.set("pay", "key-2");
  expect(forbidden.get("pay")).toBe("key-2");
});
