import { spawnSync } from "node:child_process";

/** Why there is none here; undefined where it is installed. CI must have it. */
export function promtoolIsMissing(): string | undefined {
  if (spawnSync("promtool", ["--version"]).status === 0) return undefined;
  const how = "promtool is not on the PATH (Debian's package is called prometheus)";
  if (process.env["CI"]) throw new Error(`CI needs it: ${how}.`);
  return how;
}

/** What promtool complains about; empty when there is nothing. */
export function promtool(args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync("promtool", [...args], {
    input,
    encoding: "utf8",
  });
  return status === 0 ? "" : `${stdout}${stderr}` || `promtool ended with ${String(status)}`;
}
