import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createLog } from "../../src/observability/log";
import { registry } from "../../src/observability/metrics";
import { nameCell } from "../../src/observability/name-cell";

/* Two cells' metrics and logs in one place must tell them apart. */

test("a process of no cell says nothing of one", async () => {
  const log = createLog("test", "silent");
  expect(nameCell(undefined, log)).toBe(log);
  expect(await registry.metrics()).not.toContain("cell=");
});

test("a process of a cell says so in every line of its log, and of every number", async () => {
  const place = mkdtempSync(path.join(tmpdir(), "oncepay-cell-"));
  const file = path.join(place, "log");
  nameCell("a", createLog("test", "info", file)).info({ count: 1 }, "something");
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ cell: "a", count: 1 });
  rmSync(place, { recursive: true });
  const lines = (await registry.metrics()).split("\n").filter((line) => /^oncepay_/.test(line));
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.filter((line) => !line.includes('cell="a"'))).toEqual([]);
});
