import { type GroupCommitOptions, groupCommit } from "../../src/db/group-commit";

interface Command {
  readonly name: string;
  readonly tenant?: string;
  readonly key?: string;
}

class Away extends Error {}

/** A use case that notes the sets it is given, and waits in each until it is let go. */
function recorded(overrides: Partial<GroupCommitOptions<Command, string>> = {}) {
  const sets: string[][] = [];
  const held: (() => void)[] = [];
  const submit = groupCommit<Command, string>({
    run: async (commands) => {
      sets.push(commands.map(({ name }) => name));
      await new Promise<void>((resolve) => held.push(resolve));
      if (commands.some(({ name }) => name === "away")) throw new Away("away");
      if (commands.some(({ name }) => name === "bad")) throw new Error("bad");
      return commands.map(({ name }) => `${name} done`);
    },
    claims: ({ name, key }) => [key ?? name],
    tenantOf: ({ tenant }) => tenant ?? "one",
    sizeMax: 10,
    waitingMax: 100,
    patienceMs: 60_000,
    concernsAll: (error) => error instanceof Away,
    ...overrides,
  });
  const letGo = async (): Promise<void> => {
    await turn();
    for (const resolve of held.splice(0)) resolve();
    await turn();
  };
  return { sets, submit, letGo };
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(() => setImmediate(() => setImmediate(resolve)));
  });

async function all(submitted: Promise<string>[], letGo: () => Promise<void>) {
  const settled = Promise.allSettled(submitted);
  let done = false;
  void settled.then(() => (done = true));
  while (!done) await letGo();
  return (await settled).map((result) =>
    result.status === "fulfilled" ? result.value : (result.reason as Error).message,
  );
}

it("runs commands that come together as one set, in their order", async () => {
  const { submit, sets, letGo } = recorded();
  const results = await all(
    ["a", "b", "c"].map((name) => submit({ name })),
    letGo,
  );
  expect(results).toEqual(["a done", "b done", "c done"]);
  expect(sets).toEqual([["a", "b", "c"]]);
});

it("collects what comes during a set for the next one", async () => {
  const { submit, sets, letGo } = recorded();
  const first = submit({ name: "a" });
  await turn();
  const later = [submit({ name: "b" }), submit({ name: "c" })];
  await all([first, ...later], letGo);
  expect(sets).toEqual([["a"], ["b", "c"]]);
});

describe("where two sets may be committed at a time", () => {
  it("begins with the second when as many wait as the first one has, and not before", async () => {
    const { submit, sets, letGo } = recorded({ setsMax: 2 });
    const submitted = ["a", "b"].map((name) => submit({ name }));
    await turn();
    submitted.push(submit({ name: "c" }));
    await turn();
    expect(sets).toEqual([["a", "b"]]);
    submitted.push(submit({ name: "d" }));
    await turn();
    expect(sets).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    submitted.push(...["e", "f", "g"].map((name) => submit({ name })));
    await turn();
    expect(sets).toHaveLength(2);
    await all(submitted, letGo);
    expect(sets).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e", "f", "g"],
    ]);
  });

  it("keeps what claims the same as one of a set under way for a later one, in order", async () => {
    const { submit, sets, letGo } = recorded({ setsMax: 2 });
    const submitted = [submit({ name: "first", key: "k" })];
    await turn();
    submitted.push(submit({ name: "second", key: "k" }), submit({ name: "third", key: "k" }));
    await turn();
    expect(sets).toEqual([["first"]]);
    submitted.push(submit({ name: "other", key: "x" }));
    await turn();
    expect(sets).toEqual([["first"], ["other"]]);
    expect(await all(submitted, letGo)).toEqual([
      "first done",
      "second done",
      "third done",
      "other done",
    ]);
    expect(sets).toEqual([["first"], ["other"], ["second"], ["third"]]);
  });

  it("never has more than that under way", async () => {
    const { submit, sets, letGo } = recorded({ setsMax: 2 });
    const submitted: Promise<string>[] = [];
    for (const name of ["a", "b", "c", "d"]) {
      submitted.push(submit({ name }));
      await turn();
    }
    expect(sets).toEqual([["a"], ["b"]]);
    await all(submitted, letGo);
    expect(sets).toEqual([["a"], ["b"], ["c", "d"]]);
  });
});

it("keeps two commands on one key in two sets, in their order", async () => {
  const { submit, sets, letGo } = recorded();
  const commands = [
    { name: "first", key: "k" },
    { name: "other", key: "x" },
    { name: "second", key: "k" },
    { name: "third", key: "k" },
  ];
  await all(commands.map(submit), letGo);
  expect(sets).toEqual([["first", "other"], ["second"], ["third"]]);
});

it("does not let a command overtake one that waits for another key of its own", async () => {
  const { submit, sets, letGo } = recorded({
    claims: ({ key = "" }) => key.split(" "),
  });
  const commands = [
    { name: "a", key: "1" },
    { name: "b", key: "1 2" },
    { name: "c", key: "2" },
  ];
  await all(commands.map(submit), letGo);
  expect(sets).toEqual([["a"], ["b"], ["c"]]);
});

it("runs each alone when the set fails, so that a bad command fails alone", async () => {
  const { submit, sets, letGo } = recorded();
  const results = await all(
    ["a", "bad", "c"].map((name) => submit({ name })),
    letGo,
  );
  expect(results).toEqual(["a done", "bad", "c done"]);
  expect(sets).toEqual([["a", "bad", "c"], ["a"], ["bad"], ["c"]]);
});

it("fails the whole set, and tries none again, when the failure concerns all of it", async () => {
  const { submit, sets, letGo } = recorded();
  const results = await all(
    ["a", "away", "c"].map((name) => submit({ name })),
    letGo,
  );
  expect(results).toEqual(["away", "away", "away"]);
  expect(sets).toEqual([["a", "away", "c"]]);
});

it("makes no set larger than allowed", async () => {
  const { submit, sets, letGo } = recorded({ sizeMax: 2 });
  await all(
    ["a", "b", "c", "d", "e"].map((name) => submit({ name })),
    letGo,
  );
  expect(sets).toEqual([["a", "b"], ["c", "d"], ["e"]]);
});

it("takes from every tenant in turn when more wait than fit, and from each in its own order", async () => {
  const { submit, sets, letGo } = recorded({ sizeMax: 3 });
  const command = (tenant: string, name: string): Promise<string> => submit({ tenant, name });
  const flood = ["a", "b", "c", "d", "e"].map((name) => command("noisy", name));
  await all([...flood, command("quiet", "x"), command("other", "y")], letGo);
  expect(sets).toEqual([["a", "x", "y"], ["b", "c", "d"], ["e"]]);
});

it("keeps room for others when one tenant's line is as long as it may be", async () => {
  const { submit, letGo } = recorded({ waitingMax: 4 });
  const waiting = ["a", "b"].map((name) => submit({ name }));
  await expect(submit({ name: "c" })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  waiting.push(submit({ tenant: "another", name: "x" }));
  expect(await all(waiting, letGo)).toEqual(["a done", "b done", "x done"]);
});

it("refuses at once what would wait in too long a line, and takes more when the line is shorter", async () => {
  const { submit, letGo } = recorded({ waitingMax: 3 });
  const waiting = [submit({ name: "a" }), submit({ name: "b" })];
  // It was in no set, so nothing of it can be stored.
  await expect(submit({ name: "c" })).rejects.toMatchObject({
    code: "UNAVAILABLE",
    details: { mayHaveExecuted: false },
  });
  expect(await all(waiting, letGo)).toEqual(["a done", "b done"]);
  expect(await all([submit({ name: "d" })], letGo)).toEqual(["d done"]);
});
