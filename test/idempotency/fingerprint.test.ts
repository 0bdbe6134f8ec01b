import fc from "fast-check";
import { canonicalJson, fingerprint, hexFingerprint } from "../../src/idempotency/fingerprint";

// -0 and 0 are the same number in JSON.
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);

/** The value with every object's keys in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, reversed(field)]),
  );
}

/** The value without null fields, as an independent reading of what counts as equal. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([key, field]) => [key, withoutNulls(field)]),
  );
}

test("does not see the order of keys", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(fingerprint("refund", reversed(value))).toEqual(fingerprint("refund", value));
    }),
  );
});

test("sees no difference between a null field, an undefined one and none", () => {
  const absent = fingerprint("create", { amount: 1 });
  expect(fingerprint("create", { amount: 1, description: null })).toEqual(absent);
  expect(fingerprint("create", { amount: 1, description: undefined })).toEqual(absent);
  fc.assert(
    fc.property(json, (value) => {
      expect(canonicalJson(withoutNulls(value))).toBe(canonicalJson(value));
    }),
  );
});

test("differs exactly when the values differ", () => {
  fc.assert(
    fc.property(json, json, (one, other) => {
      let equal = true;
      try {
        expect(withoutNulls(one)).toEqual(withoutNulls(other));
      } catch {
        equal = false;
      }
      expect(fingerprint("x", one).equals(fingerprint("x", other))).toBe(equal);
    }),
  );
});

test("reads back as the same value", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(withoutNulls(value));
    }),
  );
});

test.each([
  ["a string and a number", { amount: 1 }, { amount: "1" }],
  ["an empty object and nothing", { metadata: {} }, {}],
  ["the order of a list", { ids: ["a", "b"] }, { ids: ["b", "a"] }],
  ["a null in a list and a shorter list", { ids: ["a", null] }, { ids: ["a"] }],
  ["one field holding what looks like two", { a: '1","b":"2' }, { a: "1", b: "2" }],
  ["composed and decomposed letters", { note: "\u00e9" }, { note: "e\u0301" }],
])("sees the difference of %s", (_what, one, other) => {
  expect(fingerprint("x", one)).not.toEqual(fingerprint("x", other));
});

test("belongs to one operation", () => {
  expect(fingerprint("capture", { id: 1 })).not.toEqual(fingerprint("cancel", { id: 1 }));
});

test("takes what GraphQL scalars coerce to", () => {
  const at = "2026-01-02T03:04:05.000Z";
  expect(canonicalJson({ at: new Date(at), url: new URL("https://a.example/"), n: 5n })).toBe(
    `{"at":"${at}","n":5,"url":"https://a.example/"}`,
  );
  const bare = Object.assign(Object.create(null) as object, { b: 1, a: 2 });
  expect(canonicalJson(bare)).toBe('{"a":2,"b":1}');
});

test("refuses what JSON cannot hold", () => {
  expect(() => canonicalJson({ a: NaN })).toThrow(TypeError);
  expect(() => canonicalJson({ a: () => 1 })).toThrow(TypeError);
});

test("is a SHA-256, the same in every release", () => {
  const input = { currency: "USD", amount: 2500 };
  const hex = "26cf49df4164a7b3ffdd25168ebf3fb6b5033b92cbcaa9333fc7f020663ca99f";
  expect(fingerprint("createPaymentIntent", input).toString("hex")).toBe(hex);
  expect(hexFingerprint("createPaymentIntent", input)).toBe(hex);
});
