import type { MovementPage, ProcessorMovement } from "../../src/processors/lists";
import { type StripeBench, startStripeBench } from "./stripe-bench";

/** What Stripe says that it has moved, by its balance transactions. */

let it: StripeBench;
beforeEach(async () => {
  it = await startStripeBench();
});
afterEach(() => it.close());

async function listAll(fromMs = -3_600_000, toMs = 3_600_000) {
  const window = {
    from: new Date(Date.now() + fromMs).toISOString(),
    to: new Date(Date.now() + toMs).toISOString(),
  };
  const movements: ProcessorMovement[] = [];
  let after: string | null = null;
  do {
    const page: MovementPage | undefined = await it.processor.listMovements?.({ ...window, after });
    if (!page) throw new Error("It does not list.");
    movements.push(...page.movements);
    after = page.next;
  } while (after !== null);
  return movements;
}

test("charges, captures, refunds and what undoes are told by attempt, with their fees", async () => {
  const { known: charge } = await it.send(it.request());
  const refund = it.follow("refund", charge, { amountMinor: 300 });
  await it.processor.send(refund);
  const { known: hold } = await it.send(it.request({ operation: "authorize" }));
  const part = it.follow("capture", hold, { amountMinor: 200, final: false });
  const rest = it.follow("capture", hold, { amountMinor: 700 });
  await it.processor.send(part);
  await it.processor.send(rest);
  const { known: undone } = await it.send(it.request());
  await it.processor.reverse(undone);
  const listed = await listAll();
  const told = listed.map(({ kind, reference, amountMinor, feeMinor, currency, feeCurrency }) => {
    return [kind, reference, amountMinor, feeMinor, currency, feeCurrency];
  });
  expect(told.reverse()).toEqual([
    ["capture", charge.reference, 1_000, 59, "USD", null],
    ["refund", refund.reference, 300, 0, "USD", null],
    ["capture", part.reference, 200, 36, "USD", null],
    ["capture", rest.reference, 700, 50, "USD", null],
    ["capture", undone.reference, 1_000, 59, "USD", null],
    ["reverse", undone.reference, 1_000, 0, "USD", null],
  ]);
  expect(new Set(listed.map(({ movementId }) => movementId)).size).toBe(6);
});

test("a fee that is told late is unknown at first, and in the list then", async () => {
  it.bank.isLate = true;
  const { known, outcome } = await it.send(it.request());
  expect(outcome).toMatchObject({ kind: "approved", feeMinor: null });
  expect(await listAll()).toEqual([]);
  it.writeLines();
  expect(await listAll()).toMatchObject([{ reference: known.reference, feeMinor: 59 }]);
  expect(await it.lookUp(known)).toMatchObject({ kind: "approved", feeMinor: 59 });
});

test("a fee in the currency of the account says so", async () => {
  it.bank.isLate = true;
  const { known } = await it.send(it.request());
  it.writeLines();
  Object.assign(it.bank.lines[0] ?? {}, { currency: "eur", amount: 900, fee: 53 });
  const fee = { feeMinor: 53, feeCurrency: "EUR" };
  expect(await listAll()).toMatchObject([{ amountMinor: 1_000, currency: "USD", ...fee }]);
  expect(await it.lookUp(known)).toMatchObject(fee);
});

test("more than a page is told, each once, and only of the window", async () => {
  for (let charges = 0; charges < 51; charges += 1) {
    const { known } = await it.send(it.request());
    await it.processor.send(it.follow("refund", known));
  }
  const listed = await listAll();
  expect(listed).toHaveLength(102);
  expect(new Set(listed.map(({ movementId }) => movementId)).size).toBe(102);
  expect(await listAll(-7_200_000, -3_600_000)).toEqual([]);
});

test("what others move in the account is left out", async () => {
  const { known } = await it.send(it.request());
  const charge = it.chargeOf(known);
  if (charge) charge.metadata = {};
  expect(await listAll()).toEqual([]);
});

test("a list that does not answer is none", async () => {
  it.server.faults.push({ fault: "error_page", only: "/balance_transactions" });
  await expect(listAll()).rejects.toThrow();
});
