import { readTraceparent } from "../../src/observability/tracing";

const GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("a well-formed traceparent is taken as it is", () => {
  expect(readTraceparent(GOOD)).toBe(GOOD);
});

test.each([
  ["nothing", undefined],
  ["an empty one", ""],
  ["another version", GOOD.replace(/^00/, "01")],
  ["a version that there is not", GOOD.replace(/^00/, "ff")],
  ["a trace without an id", "00-00000000000000000000000000000000-b7ad6b7169203331-01"],
  ["a parent without an id", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"],
  ["capital letters", GOOD.toUpperCase()],
  ["one that is too short", GOOD.slice(0, -1)],
  ["one that is too long", `${GOOD}0`],
  ["one with a line break", `${GOOD}\n`],
  ["one with spaces", ` ${GOOD}`],
  ["two, as Node joins them", `${GOOD}, ${GOOD}`],
  ["one whose trace is a card number", "00-000000000000000a4242424242424242-b7ad6b7169203331-01"],
  ["one whose parent is a card number", "00-0af7651916cd43dd8448eb211c80319c-4242424242424242-01"],
  ["SQL", "'; drop table outbox; --"],
])("%s is as none", (_what, header) => {
  expect(readTraceparent(header)).toBeUndefined();
});
