import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chownSync, closeSync, mkdirSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { codeOf, create, openShop, orders } from "../attack/shop";
import { metric } from "../attack/witness";
import type { Drill, Scene } from "./drill";
import { sql, until } from "./scene";

/*
 * A disk that is really full: payments' table is moved to a small file system in memory, which something else fills. So
 * it is the kernel that refuses, and Postgres that says so (53100). The write-ahead log is elsewhere and has room, as it
 * has where it is on a disk of its own.
 */
export const diskFull: Drill = {
  name: "disk-full",
  what: "Something else has filled the disk that the table of payments is on.",
  alert: "OncepayDatabaseFull",
  mends: true,
  skip: () => {
    const folder = path.join(tmpdir(), `oncepay-disk-${randomUUID()}`);
    mkdirSync(folder);
    const problem = mount(folder);
    if (problem === undefined) spawnSync("umount", [folder]);
    rmSync(folder, { recursive: true });
    return problem === undefined ? undefined : "it takes the right to mount a file system";
  },
  breaks: async (scene) => {
    const { apis, merchant, graphqlUrls } = scene.installation;
    const disk = await mountDisk(scene);
    const name = `drill_${randomUUID().replaceAll("-", "")}`;
    scene.later(() => sql(scene, `drop tablespace if exists ${name}`));
    scene.later(() => sql(scene, "alter table payment_intents set tablespace pg_default"));
    await sql(scene, `create tablespace ${name} location '${path.join(disk, "tables")}'`);
    await sql(scene, `alter table payment_intents set tablespace ${name}`);
    fill(ballastOn(disk));
    const client = openShop({ graphqlUrls, merchant }, { retry: { triesMax: 2 } }).client();
    const refused = () => metric(apis, "oncepay_db_errors_total", { reason: "full" });
    let tries = 0;
    // What there was room for in the last page is written all the same.
    await until("a write was refused", async () => {
      tries += 1;
      const [order] = orders(1, { prefix: `full-${randomUUID()}-${String(tries)}` });
      if (order) await codeOf(create(client, order));
      return (await refused()) > 0;
    });
    return undefined;
  },
  // Somebody makes room, as the runbook says before its commands.
  meanwhile: ({ installation: { logDirectory } }) => {
    rmSync(ballastOn(diskIn(logDirectory)));
    return Promise.resolve();
  },
};

const SIZE = "16m";
const CHUNK = Buffer.alloc(4_096);

function mount(folder: string): string | undefined {
  const options = ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", folder];
  const { status, stderr, error } = spawnSync("mount", options, { encoding: "utf8" });
  return status === 0 ? undefined : (error?.message ?? stderr);
}

const diskIn = (logDirectory: string): string => path.join(logDirectory, "disk");
const ballastOn = (disk: string): string => path.join(disk, "somebody-else's");

/** With a directory that is the server's own. */
async function mountDisk(scene: Scene): Promise<string> {
  const { db, logDirectory } = scene.installation;
  const disk = diskIn(logDirectory);
  mkdirSync(disk);
  const problem = mount(disk);
  if (problem !== undefined) throw new Error(problem);
  // Lazily: the server closes its files when it gets round to it.
  scene.later(() => Promise.resolve(spawnSync("umount", ["-l", disk])));
  const { rows } = await db.raw<{ rows: { data_directory: string }[] }>("show data_directory");
  const { uid, gid } = statSync(rows[0]?.data_directory ?? "");
  const tables = path.join(disk, "tables");
  mkdirSync(tables);
  chownSync(tables, uid, gid);
  return disk;
}

/** Until not a byte more can be written. */
function fill(file: string): void {
  const ballast = openSync(file, "w");
  try {
    for (;;) writeSync(ballast, CHUNK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    closeSync(ballast);
  }
}
