import { spawnSync } from "node:child_process";
import path from "node:path";
import type { Drill, Scene } from "./drill";
import { WAIT_MS } from "./scene";
import { waitUntil } from "../../src/dev/wait-until";

const CLI = path.resolve(__dirname, "../../dist/src/cli/oncepay.js");
// More than the alert takes for a slip, and fewer than an address is no longer heard for.
const TRIES = 80;

let leaked = "";

/** A stranger has a merchant's key, reads with it, and tries whatever looks like it for others. */
export const keyLeaked: Drill = {
  name: "key-leaked",
  what: "A merchant's key leaked; a stranger reads with it, and tries others that look like it.",
  alert: "OncepayKeysRefused",
  mends: true,
  breaks: async (scene) => {
    const { id, secret } = createKey(scene);
    leaked = secret;
    const statuses = [await use(scene, leaked)];
    for (let n = 0; n < TRIES; n += 1) {
      const other = leaked.slice(0, -2) + String(n).padStart(2, "0");
      if (other !== leaked) statuses.push(await use(scene, other));
    }
    if (!statuses[0]) throw new Error("the key that leaked was refused before it was revoked");
    return { KEY: id };
  },
  ends: async (scene) => {
    const isRefused = async (): Promise<boolean> => !(await use(scene, leaked));
    return (await waitUntil(isRefused, { timeoutMs: WAIT_MS }))
      ? []
      : ["the key that leaked is still taken"];
  },
};

interface Key {
  readonly id: string;
  readonly secret: string;
}

function createKey({ installation }: Scene): Key {
  const { merchant, databaseUrl } = installation;
  const args = ["keys", "create", "--merchant", merchant.id, "--kind", "secret"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [CLI, ...args, "--name", "on a laptop", "--json"],
    { env: { ...process.env, DATABASE_URL: databaseUrl }, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`oncepay keys create: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Key;
}

/** Whether it was taken. */
async function use({ installation }: Scene, key: string): Promise<boolean> {
  const response = await fetch(installation.graphqlUrls[0] ?? "", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: "{ paymentIntents(first: 1) { edges { node { id } } } }" }),
  });
  const { errors } = (await response.json()) as { errors?: readonly unknown[] };
  return errors === undefined;
}
