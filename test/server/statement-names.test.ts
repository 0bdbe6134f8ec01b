import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/**
 * A prepared statement is remembered by its name: two texts under one name fail, and only on the
 * connection that happens to run both.
 */
test("no two statements have the same name", () => {
  const src = path.join(__dirname, "../../src");
  const names = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const text = readFileSync(path.join(src, file), "utf8");
      return [...text.matchAll(/\bname: "(\w+_\w+)",\s+text:/g)].map((match) => match[1] ?? "");
    });
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
