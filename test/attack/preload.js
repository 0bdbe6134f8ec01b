/**
 * Loaded into worker processes before anything else, and harmless until asked: shifts the process' clock by
 * ATTACK_CLOCK_SKEW_MS, and on SIGUSR2 blocks its event loop for ATTACK_BLOCK_MS.
 */
const { writeSync } = require("node:fs");

const skewMs = Number(process.env["ATTACK_CLOCK_SKEW_MS"] ?? 0);
const blockMs = Number(process.env["ATTACK_BLOCK_MS"] ?? 0);

if (skewMs !== 0) {
  const TrueDate = Date;
  const now = TrueDate.now.bind(TrueDate);
  const SkewedDate = class Date extends TrueDate {
    constructor(...given) {
      if (given.length === 0) super(now() + skewMs);
      else super(...given);
    }
    static now() {
      return now() + skewMs;
    }
  };
  globalThis.Date = SkewedDate;
}

process.on("SIGUSR2", () => {
  // Waits without giving the event loop a turn, as a long computation or a stop-the-world pause would.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
  writeSync(2, `the event loop was blocked for ${blockMs} ms\n`);
});
