import { randomBytes } from "node:crypto";
import fc from "fast-check";
import {
  createSecretBox,
  deriveKey,
  hashApiKey,
  newSecretToken,
  parseEncryptionKeys,
} from "../../src/security/secrets";

const [older, newer] = [randomBytes(32), randomBytes(32)];

test("opens what it sealed", () => {
  const box = createSecretBox([newer]);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (plain, context) => {
      expect(box.open(box.seal(plain, context), context)).toBe(plain);
    }),
  );
});

test("never seals the same text to the same bytes", () => {
  const box = createSecretBox([newer]);
  const sealed = Array.from({ length: 100 }, () => box.seal("whsec_x", "we_1").toString("hex"));
  expect(new Set(sealed).size).toBe(100);
  expect(sealed.join()).not.toContain(Buffer.from("whsec_x").toString("hex"));
});

test("refuses another context, so that a value cannot be moved to another row", () => {
  const box = createSecretBox([newer]);
  const sealed = box.seal("secret", "we_1");
  expect(() => box.open(sealed, "we_2")).toThrow("another context");
});

test("refuses a value of which any one byte was changed or cut off", () => {
  const box = createSecretBox([newer]);
  const sealed = box.seal("secret", "we_1");
  for (let index = 0; index < sealed.length; index += 1) {
    const altered = Buffer.from(sealed);
    altered[index] = (altered[index] ?? 0) ^ 1;
    expect(() => box.open(altered, "we_1")).toThrow();
    expect(() => box.open(sealed.subarray(0, index), "we_1")).toThrow();
  }
});

test("seals with the newest key and opens with every key, in any order", () => {
  const sealedBefore = createSecretBox([older]).seal("secret", "we_1");
  const rotated = createSecretBox([newer, older]);
  expect(rotated.open(sealedBefore, "we_1")).toBe("secret");
  expect(createSecretBox([older, newer]).open(sealedBefore, "we_1")).toBe("secret");
  const sealedAfter = rotated.seal("secret", "we_1");
  expect(createSecretBox([newer]).open(sealedAfter, "we_1")).toBe("secret");
  expect(() => createSecretBox([older]).open(sealedAfter, "we_1")).toThrow(
    "ONCEPAY_ENCRYPTION_KEY",
  );
});

test("wants at least one key of 32 bytes", () => {
  expect(() => createSecretBox([])).toThrow("at least one key");
  expect(() => createSecretBox([randomBytes(16)])).toThrow("32 bytes");
});

test("reads keys from text, newest first", () => {
  const text = `${newer.toString("base64")}, ${older.toString("base64")}\n`;
  expect(parseEncryptionKeys(text)).toEqual([newer, older]);
});

test.each([
  ["nothing", ""],
  ["a short key", randomBytes(31).toString("base64")],
  ["a long key", randomBytes(33).toString("base64")],
  ["hexadecimal", randomBytes(32).toString("hex")],
  ["a passphrase", "correct horse battery staple, and some more words"],
  ["a comma too many", `${newer.toString("base64")},`],
  ["the same key twice", `${newer.toString("base64")},${newer.toString("base64")}`],
])("refuses %s as keys, naming the variable and not its value", (_what, text) => {
  expect.assertions(2 + (text === "" ? 0 : 1));
  try {
    parseEncryptionKeys(text);
  } catch (error) {
    const { message } = error as Error;
    expect(error).toBeInstanceOf(Error);
    expect(message).toMatch(/^ONCEPAY_ENCRYPTION_KEY: /);
    if (text !== "") expect(message).not.toContain(text.slice(0, 8));
  }
});

test("derives a key of its own for each purpose and master key, always the same", () => {
  const keys = [
    deriveKey(newer, "client-secret"),
    deriveKey(newer, "other"),
    deriveKey(older, "client-secret"),
    newer,
  ];
  expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(4);
  expect(deriveKey(newer, "client-secret")).toEqual(keys[0]);
  expect(keys[0]).toHaveLength(32);
  // A release that derived another key would turn every client secret out there away.
  expect(deriveKey(Buffer.alloc(32, 7), "client-secret").toString("hex")).toBe(
    "a167be81adc4719c7aa0946a8ddca8b4a33a8bcdc6097aa386e2fefc39c392bc",
  );
});

test("hashes an API key with SHA-256", () => {
  expect(hashApiKey("abc").toString("hex")).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

test("makes tokens of letters and digits that hold the chance asked for", () => {
  const tokens = Array.from({ length: 500 }, () => newSecretToken());
  expect(tokens.filter((token) => !/^[0-9A-Za-z]{43}$/.test(token))).toEqual([]);
  expect(new Set(tokens).size).toBe(500);
  expect(newSecretToken(16)).toHaveLength(22);
  // All 62 characters come, about as often as each other: 21,500 drawn, so 347 of each.
  const seen = new Map<string, number>();
  for (const character of tokens.join("")) seen.set(character, (seen.get(character) ?? 0) + 1);
  expect(seen.size).toBe(62);
  expect(Math.min(...seen.values())).toBeGreaterThan(200);
  expect(Math.max(...seen.values())).toBeLessThan(500);
});
