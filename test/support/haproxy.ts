import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { freePort } from "../../src/dev/free-port";
import { createRunDirectory } from "../setup/test-run";
import { waitFor } from "./wait-for";

/** Why there is none here; undefined where it is installed. CI must have it. */
export function haproxyIsMissing(): string | undefined {
  if (spawnSync("haproxy", ["-v"]).status === 0) return undefined;
  const how = "haproxy is not on the PATH (Debian's package is called haproxy)";
  if (process.env["CI"]) throw new Error(`CI needs it: ${how}.`);
  return how;
}

export interface CellRouter {
  readonly url: string;
  /** What it routes by. */
  readonly map: string;
  /** The command that makes it read the map again. */
  readonly reload: string;
  stop(): Promise<void>;
}

const CONFIGURATION = path.resolve(__dirname, "../../deploy/cells/haproxy.cfg");

/** HAProxy with the configuration of deploy/cells, in which only addresses and the place of the map are others. */
export async function startCellRouter(ports: {
  readonly a: number;
  readonly b: number;
}): Promise<CellRouter> {
  const directory = createRunDirectory();
  const port = await freePort();
  const map = path.join(directory, "cells.map");
  writeFileSync(map, "");
  const configuration = readFileSync(CONFIGURATION, "utf8")
    .replaceAll("/etc/haproxy/cells.map", map)
    // As many files as that a test's machine may not let it open.
    .replace("maxconn 20000", "maxconn 2000")
    .replace("bind :8080", `bind 127.0.0.1:${String(port)}`)
    .replace(/ ([ab])-api-[12]:4000/g, (_, cell: "a" | "b") => ` 127.0.0.1:${String(ports[cell])}`);
  const file = path.join(directory, "haproxy.cfg");
  writeFileSync(file, configuration);
  // With a master, which starts new workers when it is told to.
  const child = spawn("haproxy", ["-W", "-db", "-f", file], { stdio: "ignore" });
  const url = `http://127.0.0.1:${String(port)}`;
  await waitFor("the router answers", () => answers(child, url));
  return {
    url,
    map,
    reload: `kill -USR2 ${String(child.pid)}`,
    stop: async () => {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(child: ChildProcess, url: string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error("haproxy does not take its configuration");
  return fetch(`${url}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  );
}
