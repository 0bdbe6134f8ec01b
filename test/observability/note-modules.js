/** Loaded into a process before anything else: when it ends, it says which of OpenTelemetry's modules it had loaded. */
const { writeFileSync } = require("node:fs");
const path = require("node:path");

process.on("exit", () => {
  const loaded = Object.keys(require.cache).filter((name) => name.includes("@opentelemetry"));
  const packages = loaded.map((name) => /@opentelemetry[\\/]([\w-]+)/.exec(name)?.[1]);
  const file = path.join(process.env["NOTED_MODULES"], `${process.pid}.json`);
  writeFileSync(file, JSON.stringify([...new Set(packages)].sort()));
});
