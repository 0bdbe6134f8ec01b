const { appendFileSync, mkdirSync } = require("node:fs");
const path = require("node:path");

/** Keeps what was printed to the console, by tests and by what they call: the teardown looks for secrets in it. */
module.exports = class KeepOutput {
  onTestFileResult(_test, { console: printed }) {
    const directory = process.env.TEST_ARTEFACTS;
    if (directory === undefined || !printed || printed.length === 0) return;
    mkdirSync(directory, { recursive: true });
    const text = printed.map(({ message }) => `${message}\n`).join("");
    appendFileSync(path.join(directory, "console.log"), text);
  }
};
