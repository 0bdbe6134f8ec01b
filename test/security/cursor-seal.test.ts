import { createCursorSeal } from "../../src/security/cursor-seal";

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const CURSOR = Buffer.from("123456 evt_01m7w8wagbx5338azawms6zrmk").toString("base64url");

test("a sealed cursor shows nothing, is always the same, and opens again", () => {
  const { seal, open } = createCursorSeal([OLD]);
  const sealed = seal(CURSOR);
  expect(sealed).toMatch(/^c1_[\w-]+$/);
  expect(Buffer.from(sealed.slice(3), "base64url").toString("latin1")).not.toMatch(
    /evt|123456|MTIz/,
  );
  expect(seal(CURSOR)).toBe(sealed);
  expect(open(sealed)).toBe(CURSOR);
});

test("keys are rotated: what an older one sealed still opens", () => {
  const sealed = createCursorSeal([OLD]).seal(CURSOR);
  expect(createCursorSeal([NEW, OLD]).open(sealed)).toBe(CURSOR);
  expect(createCursorSeal([NEW]).open(sealed)).toBe(sealed);
});

test("what is not ours is returned as it came", () => {
  const { seal, open } = createCursorSeal([OLD]);
  const sealed = seal(CURSOR);
  const altered = sealed.slice(0, -2) + (sealed.endsWith("AA") ? "BB" : "AA");
  for (const text of [CURSOR, altered, "c1_", "c1_!", `c1_${"A".repeat(200)}`, ""]) {
    expect(open(text)).toBe(text);
  }
});
