import { mayBeStored } from "../../src/db/errors";
import { createTurns } from "../../src/limits/in-turn";

const tooLate = (): Error => new Error("too late");

function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

it("does one thing at a time about a subject, in order, and many about several", async () => {
  const turns = createTurns({ patienceMs: 60_000, waitingMax: 10 });
  const first = gate();
  const done: string[] = [];
  const note = (name: string, before?: Promise<void>) => ({
    tooLate,
    work: async () => {
      await before;
      done.push(name);
      if (name === "b") throw new Error("broken");
    },
  });
  const all = [
    turns.take("x", note("a", first.opened)),
    turns.take("x", note("b")).catch(() => undefined),
    turns.take("x", note("c")),
    turns.take("y", note("other")),
  ];
  await all[3];
  expect(done).toEqual(["other"]);
  first.open();
  await Promise.all(all);
  expect(done).toEqual(["other", "a", "b", "c"]);
});

it("gives up who has waited long enough, who then has done nothing, and passes their turn on", async () => {
  const turns = createTurns({ patienceMs: 1, waitingMax: 10 });
  const first = gate();
  const held = turns.take("x", { tooLate, work: () => first.opened });
  const work = jest.fn(() => Promise.resolve());
  const error = await turns.take("x", { tooLate, work }).catch((thrown: unknown) => thrown);
  expect(error).toEqual(tooLate());
  expect(mayBeStored(error)).toBe(false);
  first.open();
  await held;
  expect(work).not.toHaveBeenCalled();
  await turns.take("x", { tooLate, work });
  expect(work).toHaveBeenCalledTimes(1);
});

it("refuses at once where the line is full", async () => {
  const turns = createTurns({ patienceMs: 60_000, waitingMax: 1 });
  const first = gate();
  const all = [turns.take("x", { tooLate, work: () => first.opened })];
  all.push(turns.take("x", { tooLate, work: () => Promise.resolve() }));
  const third = turns.take("x", { tooLate, work: () => Promise.resolve() });
  await expect(third).rejects.toMatchObject({ code: "UNAVAILABLE" });
  first.open();
  await Promise.all(all);
});
