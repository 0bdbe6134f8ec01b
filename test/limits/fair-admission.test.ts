import { type FairAdmissionOptions, createFairAdmission } from "../../src/limits/fair-admission";

const OPTIONS: FairAdmissionOptions = {
  places: 8,
  heldPerFree: 3,
  patienceMs: 60_000,
  waitingMax: 100,
};

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

/** Asks for a place, and notes when it is given. */
function asking(options: Partial<FairAdmissionOptions> = {}) {
  const admission = createFairAdmission({ ...OPTIONS, ...options });
  const inside: string[] = [];
  const leaves: (() => void)[] = [];
  const enter = async (tenant: string): Promise<void> => {
    const leave = await admission.enter(tenant);
    inside.push(tenant);
    leaves.push(leave);
  };
  // Nobody is left waiting when the test is over.
  endings.push(async () => {
    while (admission.held() > 0) {
      for (const leave of leaves.splice(0)) leave();
      await turn();
    }
  });
  return { admission, inside, leaves, enter };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("lets one tenant that is alone have three quarters, and another in at once", async () => {
  const { inside, enter } = asking();
  for (let index = 0; index < 20; index += 1) void enter("noisy");
  await turn();
  expect(inside).toEqual(Array.from({ length: 6 }, () => "noisy"));
  await enter("quiet");
  expect(inside.at(-1)).toBe("quiet");
});

it("gives a place that becomes free to who holds the fewest, and to equals in turn", async () => {
  const { inside, leaves, enter } = asking({ places: 2, heldPerFree: 9 });
  for (const tenant of ["a", "a", "a", "a", "b", "c", "b"]) void enter(tenant);
  await turn();
  expect(inside).toEqual(["a", "a"]);
  for (let index = 0; index < 5; index += 1) {
    leaves[index]?.();
    await turn();
  }
  expect(inside).toEqual(["a", "a", "b", "c", "a", "b", "a"]);
});

it("lets everybody in, one after the other, where there is one place", async () => {
  const { inside, leaves, enter } = asking({ places: 1, heldPerFree: 1 });
  for (const tenant of ["a", "a", "b"]) void enter(tenant);
  await turn();
  for (let index = 0; index < 3; index += 1) {
    leaves[index]?.();
    await turn();
  }
  expect(inside).toEqual(["a", "b", "a"]);
});

it("refuses at once where the line is full, and keeps room in it for others", async () => {
  const { enter, admission } = asking({ places: 1, waitingMax: 4 });
  for (let index = 0; index < 3; index += 1) void enter("noisy");
  await expect(enter("noisy")).rejects.toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 1_000 });
  void enter("quiet");
  expect(admission.waiting()).toBe(3);
});

it("refuses who has waited for as long as anybody may, and forgets them", async () => {
  const { admission, enter, inside } = asking({ places: 1, patienceMs: 1 });
  const leave = await admission.enter("a");
  await expect(enter("b")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(admission.waiting()).toBe(0);
  leave();
  await enter("b");
  expect(inside).toEqual(["b"]);
});

it("refuses at once what would wait too long, going by how long the tenant holds its places", async () => {
  let nowMs = 0;
  const now = jest.spyOn(performance, "now").mockImplementation(() => nowMs);
  try {
    const { admission, enter } = asking({ places: 1, patienceMs: 10_000 });
    // An hour on the only place.
    const leave = await admission.enter("slow");
    nowMs += 3_600_000;
    void enter("slow");
    leave();
    await turn();
    await expect(enter("slow")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(admission.waiting()).toBe(0);
  } finally {
    now.mockRestore();
  }
});

it("counts a place once, however often it is given back", async () => {
  const { admission } = asking();
  const leave = await admission.enter("a");
  leave();
  leave();
  expect(admission.held()).toBe(0);
});
