import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { printDocs } from "./print-docs";

const ROOT = path.resolve(__dirname, "../..");
const DOCS = path.join(ROOT, "docs");
const pages = readdirSync(DOCS, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => path.join(DOCS, name));
const readmes = ["README.md", "CONTRIBUTING.md", "src/sdk/README.md"].map((name) =>
  path.join(ROOT, name),
);

test.each(pages)(
  "the tables of %s say what the code says; `npm run generate` prints them",
  (page) => {
    const text = readFileSync(page, "utf8");
    if (process.env["REFRESH"] === "1" && printDocs(text) !== text) {
      writeFileSync(page, printDocs(text));
    }
    expect(readFileSync(page, "utf8")).toBe(printDocs(readFileSync(page, "utf8")));
  },
);

// What is in backquotes and looks like a file of ours, and what a link leads to.
const FILE = /`((?:src|schema|workers|migrations|test|examples|docs)\/[\w./-]+)`/g;
const LINK = /\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g;

test.each([...pages, ...readmes])("every file that %s names is there", (page) => {
  const text = readFileSync(page, "utf8");
  const named = [...text.matchAll(FILE)].map(([, file = ""]) => path.join(ROOT, file));
  const linked = [...text.matchAll(LINK)].map(([, file = ""]) =>
    path.join(path.dirname(page), file),
  );
  const missing = [...named, ...linked].filter((file) => !existsSync(file));
  expect(missing.map((file) => path.relative(ROOT, file))).toEqual([]);
});
