import { readConfig } from "../../src/config";
import { testSettings } from "../support/app";
import { type StreamCare, careFor } from "../../schema/subscriptions/stream-care";

/* When an open stream is pinged, ended and broken off, by the clock alone. */

const SETTINGS = testSettings("postgres://localhost/oncepay", "http://localhost", {});
const MAX_AGE_MS = readConfig(SETTINGS).subscriptionSeconds * 1_000;

test.each<[string, StreamCare, object, number]>([
  ["quiet for 11.9 s", "LEAVE", {}, 11_900],
  ["quiet for 12.1 s", "PING", {}, 12_100],
  ["11.9 s after a ping", "LEAVE", { pingedAtMs: 50_000 }, 61_900],
  ["12.1 s after a ping", "PING", { pingedAtMs: 50_000 }, 62_100],
  ["unread for 9.9 s", "LEAVE", { fullSinceMs: 20_000 }, 29_900],
  ["unread for 10.1 s", "DESTROY", { fullSinceMs: 20_000 }, 30_100],
  ["9.9 minutes old", "LEAVE", { pingedAtMs: 590_000 }, 594_000],
  ["10 minutes old", "END", { pingedAtMs: 590_000 }, 600_100],
  ["old and unread for a moment", "LEAVE", { fullSinceMs: 600_000 }, 600_100],
])("%s: %s", (_when, care, times, nowMs) => {
  const open = { openedAtMs: 0, pingedAtMs: 0, fullSinceMs: undefined, ...times };
  expect(careFor(open, { nowMs, maxAgeMs: MAX_AGE_MS })).toBe(care);
});
