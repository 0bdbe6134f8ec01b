import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Attack } from "../attack";

const SIZES = { full: { lives: 20_000 }, short: { lives: 200 } };
const ROOT = path.join(__dirname, "../../..");
const PLAYED = /^(\d+) lives, (\d+) acts$/;

/**
 * The long form of test/histories, which runs by itself: there workers are driven by hand, so that a life which goes wrong
 * can be shrunk to the shortest one that does.
 */
export const histories: Attack = {
  name: "histories",
  promise:
    "Random lives of payments, with answers lost: model, API, ledger and the network's books agree.",
  options: { apis: 1, workers: 0, proxied: [] },
  run: async ({ size, operations, seed, progress, check }) => {
    const lives = operations ?? SIZES[size].lives;
    const told = { lives: 0, acts: 0 };
    const jest = path.join(ROOT, "node_modules/jest/bin/jest.js");
    const child = spawn(process.execPath, [jest, "test/histories"], {
      cwd: ROOT,
      env: { ...process.env, HISTORIES: String(lives), HISTORIES_SEED: String(seed) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const failed: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      const [, played, acts] = PLAYED.exec(line) ?? [];
      if (played === undefined) return void failed.push(line);
      Object.assign(told, { lives: Number(played), acts: Number(acts) });
      if (told.lives % 1_000 === 0) progress(line);
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    if (code !== 0) check.holds(failed.join("\n"), false);
    check.equal("lives", told.lives, lives);
    return {
      figures: { "random lives": told.lives, "what was done in them": told.acts },
      sometimes: { "things done": told.acts },
    };
  },
};
