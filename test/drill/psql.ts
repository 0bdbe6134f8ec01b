import { spawnSync } from "node:child_process";

/** Why there is none here; undefined where it is installed. CI must have it. */
export function psqlIsMissing(): string | undefined {
  if (spawnSync("psql", ["--version"]).status === 0) return undefined;
  const how = "psql is not on the PATH (Debian's package is called postgresql-client)";
  if (process.env["CI"]) throw new Error(`CI needs it: ${how}.`);
  return how;
}
