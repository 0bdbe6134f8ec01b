import { breakingChanges, undeclared } from "./breaking-changes";

const RELEASED = `
  type Query { payment(id: ID!, note: String): Payment  other: Int! }
  type Payment { id: ID!  amount: Int!  state: State!  color: Color }
  "It is closed."
  enum State { OPEN DONE }
  "New values may be added."
  enum Color { RED }
  enum ReasonInput { OTHER }
  input Filter { name: String }
`;

const with_ = (from: string, to: string): string => RELEASED.replace(from, to);

test.each([
  ["a field that is removed", with_("  other: Int!", ""), "Query.other was removed."],
  ["a field that may be null now", with_("amount: Int!", "amount: Int"), "Payment.amount"],
  [
    "an argument that is required now",
    with_("note: String", "note: String!"),
    "arg note has changed",
  ],
  ["an input field that is required", with_("name: String", "name: String  age: Int!"), "age"],
  ["a type that is removed", with_("  input Filter { name: String }", ""), "Filter was removed."],
  ["a value that is removed", with_("OPEN DONE", "OPEN"), "DONE was removed from enum type State."],
  ["a value of a closed enum", with_("OPEN DONE", "OPEN DONE LOST"), "LOST was added to enum type"],
])("%s breaks clients", (_what, present, message) => {
  const changes = breakingChanges(RELEASED, present);
  expect(changes).toEqual([expect.stringContaining(message)]);
  expect(undeclared(changes, [])).toEqual([`not declared: ${String(changes[0])}`]);
});

test.each([
  ["nothing", RELEASED],
  ["a new field", with_("amount: Int!", "amount: Int!  fee: Int")],
  ["a new optional argument", with_("note: String", "note: String  more: Boolean")],
  ["a value of an open enum", with_("RED", "RED BLUE")],
  ["a value that is only sent", with_("OTHER", "OTHER FRAUD")],
])("%s breaks nobody", (_what, present) => {
  expect(breakingChanges(RELEASED, present)).toEqual([]);
});

test("a declared change passes, with a reason and for as long as it is one", () => {
  const change = "Query.other was removed.";
  const reason = "Announced in the release before.";
  expect(undeclared([change], [{ change, reason }])).toEqual([]);
  expect(undeclared([change], [{ change, reason: "" }])).toEqual([
    `declared without a reason: ${change}`,
  ]);
  expect(undeclared([], [{ change, reason }])).toEqual([`declared, and not so: ${change}`]);
});
