import { randomBytes } from "node:crypto";
import {
  clientSecretFor,
  isClientSecretFor,
  paymentIntentIdOf,
} from "../../src/payments/client-secret";
import { newId } from "../../src/ids";

const key = randomBytes(32);
const id = newId("paymentIntent");

test("is the intent's id and 24 characters that only the key can make", () => {
  const secret = clientSecretFor(key, id);
  expect(secret).toMatch(new RegExp(`^${id}_secret_[A-Za-z0-9_-]{24}$`));
  expect(clientSecretFor(key, id)).toBe(secret);
  expect(clientSecretFor(randomBytes(32), id)).not.toBe(secret);
  expect(clientSecretFor(key, newId("paymentIntent"))).not.toBe(secret);
});

test("is right for its own intent only", () => {
  const secret = clientSecretFor(key, id);
  expect(isClientSecretFor([key], id, secret)).toBe(true);
  expect(isClientSecretFor([key], newId("paymentIntent"), secret)).toBe(false);
  expect(isClientSecretFor([randomBytes(32)], id, secret)).toBe(false);
  expect(isClientSecretFor([], id, secret)).toBe(false);
});

test("stays right while its key is rotated out", () => {
  const secret = clientSecretFor(key, id);
  expect(isClientSecretFor([randomBytes(32), key], id, secret)).toBe(true);
});

test.each([
  ["nothing", ""],
  ["the id alone", id],
  ["one character too few", clientSecretFor(key, id).slice(0, -1)],
  ["one character too many", `${clientSecretFor(key, id)}A`],
  ["another alphabet", `${id}_secret_${"é".repeat(24)}`],
])("refuses %s", (_what, candidate) => {
  expect(isClientSecretFor([key], id, candidate)).toBe(false);
});

test("tells which intent it claims to be for", () => {
  expect(paymentIntentIdOf(clientSecretFor(key, id))).toBe(id);
  expect(paymentIntentIdOf("_secret_x")).toBeUndefined();
  expect(paymentIntentIdOf(id)).toBeUndefined();
});
