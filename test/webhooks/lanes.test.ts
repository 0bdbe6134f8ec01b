import {
  createRoom,
  isQuick,
  learn,
  newLane,
  placesOf,
  reachOf,
  type Lane,
} from "../../src/webhooks/lanes";

const SETTINGS = { concurrency: null, rateLimit: null, failures: 0 };

function lane(given: { durationMs?: number } & Partial<Lane["settings"]> = {}): Lane {
  const { durationMs, ...settings } = given;
  const made = newLane("mer_1", "we_1");
  for (let answers = 0; durationMs !== undefined && answers < 100; answers += 1) {
    learn(made, { durationMs, settings: { ...SETTINGS, ...settings } });
  }
  made.settings = { ...SETTINGS, ...settings };
  return made;
}

test("the longer an endpoint takes the fewer places it has, and never fewer than eight", () => {
  const places = [5, 100, 500, 2_000, 14_000].map((durationMs) => placesOf(lane({ durationMs })));
  expect(places).toEqual([64, 64, 64, 32, 8]);
});

test("an endpoint is not slow because the process is: quick answers count for more than slow ones", () => {
  const busy = lane({ durationMs: 20 });
  for (let answers = 0; answers < 200; answers += 1) {
    learn(busy, { durationMs: answers % 4 === 0 ? 100 : 700, settings: SETTINGS });
  }
  expect(busy.meanMs).toBeLessThan(300);
  expect(placesOf(busy)).toBe(64);
});

test("one that fails has four places, and nothing is claimed ahead of them", () => {
  const failing = lane({ durationMs: 5, failures: 3 });
  expect(placesOf(failing)).toBe(4);
  expect(reachOf(failing)).toBe(4);
});

test("an endpoint's own concurrency counts, and its rate", () => {
  expect(placesOf(lane({ durationMs: 14_000, concurrency: 40 }))).toBe(40);
  expect(placesOf(lane({ durationMs: 5, concurrency: 1 }))).toBe(1);
  expect(placesOf(lane({ durationMs: 5, concurrency: 40, failures: 9 }))).toBe(4);
  expect(reachOf(lane({ durationMs: 5, rateLimit: 3 }))).toBe(3);
});

test("what hangs is claimed no further ahead than it is worked on; what is quick is", () => {
  expect(reachOf(lane({ durationMs: 14_000 }))).toBe(10);
  expect(reachOf(lane({ durationMs: 20 }))).toBe(64 + 1_024);
  expect(isQuick(lane({ durationMs: 20 }))).toBe(true);
  expect(isQuick(lane({ durationMs: 5_000 }))).toBe(false);
  expect(isQuick(lane({ durationMs: 20, rateLimit: 5_000 }))).toBe(false);
});

test("no tenant takes more than half of the room, and nobody more than there is", () => {
  const room = createRoom();
  const takeAll = (merchantId: string): number => {
    let taken = 0;
    for (let endpoint = 0; endpoint < 100; endpoint += 1) {
      taken += room.take(room.laneOf(merchantId, `we_${String(endpoint)}`), 1_000);
    }
    return taken;
  };
  expect([takeAll("mer_1"), takeAll("mer_2"), takeAll("mer_3")]).toEqual([2_048, 2_048, 0]);
  const one = room.laneOf("mer_1", "we_0");
  room.giveBack(one, one.taken);
  expect(room.take(room.laneOf("mer_3", "we_0"), 10)).toBe(10);
});
