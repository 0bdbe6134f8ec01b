import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { AssaultPlan, Codes } from "./assault";

const REGISTER = path.join(__dirname, "../register.js");
const ENTRY = path.join(__dirname, "attacker-main.ts");

export interface Attacker {
  /** Ends the assault; what the attacker was answered. */
  stop(): Promise<Codes>;
}

export function attack(plan: AssaultPlan): Attacker {
  const child = spawn(process.execPath, ["-r", REGISTER, ENTRY, JSON.stringify(plan)], {
    // Its standard input is a pipe that we hold: when we are killed it closes, and the assault ends too.
    stdio: ["pipe", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const exited = once(child, "close");
  return {
    stop: async () => {
      child.stdin.end();
      await exited;
      return JSON.parse(said) as Codes;
    },
  };
}
