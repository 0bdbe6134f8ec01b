import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { asAccount, unprivilegedAccount } from "../../src/dev/postgres/account";
import {
  assertPrivateDirectory,
  packagedBinaries,
  runnableBinaries,
  type PackagedBinaries,
} from "../../src/dev/postgres/binaries";

const isRoot = process.getuid?.() === 0;
const noLog = (): void => undefined;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "oncepay-binaries-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** As it is below root's home directory, installed with a narrow umask and without install scripts. */
async function unreachablePackage(): Promise<PackagedBinaries> {
  const original = await packagedBinaries();
  const root = path.join(directory, "package");
  mkdirSync(root, { mode: 0o700 });
  const native = path.join(root, "native");
  await cp(original.native, native, { recursive: true, verbatimSymlinks: true });
  for (const name of readdirSync(path.join(native, "lib"))) {
    const file = path.join(native, "lib", name);
    if (lstatSync(file).isSymbolicLink()) rmSync(file);
  }
  spawnSync("chmod", ["-R", "go-rwx", root]);
  return { native, version: `test${process.pid}` };
}

test("makes the missing library links when install scripts did not run", async () => {
  const source = await unreachablePackage();
  spawnSync("chmod", ["-R", "go+rX", directory]);
  const native = await runnableBinaries(source, unprivilegedAccount(), noLog);
  expect(native).toBe(source.native);
});

const testAsRoot = isRoot ? test : test.skip;
if (!isRoot) console.info("Skipped without root: binaries the server's account cannot reach.");

testAsRoot("copies the programs to where the server's account can run them", async () => {
  const source = await unreachablePackage();
  const account = unprivilegedAccount();
  const native = await runnableBinaries(source, account, noLog);
  const home = path.dirname(native);
  try {
    expect(native.startsWith(directory)).toBe(false);
    await assertPrivateDirectory(home);
    const run = spawnSync(path.join(native, "bin", "postgres"), ["--version"], asAccount(account));
    expect(run.status).toBe(0);

    // A cleaner of temporary directories took a file: the copy is made anew, in the same place.
    rmSync(path.join(native, "share", "postgres.bki"), { force: true });
    rmSync(path.join(native, "share", "postgresql", "postgres.bki"), { force: true });
    expect(await runnableBinaries(source, account, noLog)).toBe(native);
    expect(readdirSync(path.dirname(home)).filter((name) => name.includes("draft"))).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

testAsRoot("does not trust a directory that others can write to", async () => {
  const open = path.join(directory, "open");
  mkdirSync(open);
  spawnSync("chmod", ["777", open]);
  await expect(assertPrivateDirectory(open)).rejects.toThrow("only this user can write to");
  writeFileSync(path.join(directory, "file"), "");
  await expect(assertPrivateDirectory(path.join(directory, "file"))).rejects.toThrow();
});
