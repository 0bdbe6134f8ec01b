const { readFileSync } = require("node:fs");
const path = require("node:path");
const {
  DangerousChangeType,
  buildSchema,
  findBreakingChanges,
  findDangerousChanges,
} = require("graphql");

/*
 * Part of `npm run check`: compares schema/schema.graphql with schema/released.graphql, the schema of the last release,
 * and fails on a change that may break a client, unless schema/breaking-changes.json declares it with a reason:
 *
 *   [{ "change": "Refund.reason was removed.", "reason": "…, announced in the release of …" }]
 *
 * Whoever releases copies schema.graphql over released.graphql and empties the list.
 */

/** What breaks a client, in words. An enum is closed unless its description says that it may grow, or it is only sent. */
function breakingChanges(releasedSdl, presentSdl) {
  const [released, present] = [buildSchema(releasedSdl), buildSchema(presentSdl)];
  const isClosed = (name) =>
    !name.endsWith("Input") && !/may be added/.test(released.getType(name)?.description ?? "");
  const added = findDangerousChanges(released, present).filter(
    ({ type, description }) =>
      type === DangerousChangeType.VALUE_ADDED_TO_ENUM &&
      isClosed(/enum type (\w+)/.exec(description)?.[1] ?? ""),
  );
  return [...findBreakingChanges(released, present), ...added].map(
    ({ description }) => description,
  );
}

/** What is wrong, a line for each; none when every breaking change is declared, and nothing else is. */
function undeclared(changes, declared) {
  const said = new Set(declared.map(({ change }) => change));
  return [
    ...changes.filter((change) => !said.has(change)).map((change) => `not declared: ${change}`),
    ...declared
      .filter(({ reason }) => typeof reason !== "string" || reason.length < 10)
      .map(({ change }) => `declared without a reason: ${change}`),
    ...declared
      .filter(({ change }) => !changes.includes(change))
      .map(({ change }) => `declared, and not so: ${change}`),
  ];
}

function main() {
  const read = (name) => readFileSync(path.resolve(__dirname, "../../schema", name), "utf8");
  const changes = breakingChanges(read("released.graphql"), read("schema.graphql"));
  const problems = undeclared(changes, JSON.parse(read("breaking-changes.json")));
  if (problems.length === 0) return;
  process.stderr.write(
    `The schema breaks clients of the last release (see docs/contract.md):\n  ${problems.join("\n  ")}\n`,
  );
  process.exitCode = 1;
}

module.exports = { breakingChanges, undeclared };
if (require.main === module) main();
