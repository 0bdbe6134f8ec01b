#!/usr/bin/env node
import "../process/node-version";
import { runCommandLine } from "./run-command-line";

// Not process.exit: what was written to a pipe must be read first.
runCommandLine(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${String((error as Error).stack)}\n`);
    process.exitCode = 1;
  },
);
