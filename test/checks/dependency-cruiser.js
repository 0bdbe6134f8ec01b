/** The boundaries between the parts, schema → src ← workers, and between the rooms of src. */
const GRAPHQL = "^node_modules/(graphql|graphql-scalars|type-graphql|@apollo|@as-integrations)/";
const QUEUES = "^node_modules/bullmq/";
const REDIS = "^node_modules/ioredis/";

// Everything in src that stands in a room of its own; what is loose in src may be used by all of them.
const ANY_ROOM = "^src/[^/]+/";
const rooms = (...names) => `^src/(${names.join("|")})/`;

const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

module.exports = {
  forbidden: [
    forbid(
      "no-cycles",
      "What imports each other is one thing; this counts type imports too.",
      {},
      { circular: true },
    ),
    forbid(
      "no-unresolved",
      "An import that leads nowhere, or to a package that package.json does not name.",
      {},
      { couldNotResolve: true },
    ),
    forbid(
      "src-knows-no-workers",
      "The domain does not know how its work is scheduled.",
      { path: "^src/" },
      { path: "^workers/" },
    ),
    forbid(
      "src-knows-no-schema",
      "The domain does not know GraphQL; only the API's entry file puts the two together.",
      { path: "^src/", pathNot: "^src/server\\.ts$" },
      { path: "^schema/" },
    ),
    forbid(
      "schema-knows-no-workers",
      "A request only ever writes to the outbox.",
      { path: "^schema/" },
      { path: "^workers/" },
    ),
    forbid(
      "workers-know-no-schema",
      "Jobs carry ids and call the domain.",
      { path: "^workers/" },
      { path: "^schema/" },
    ),
    forbid(
      "graphql-in-schema-only",
      "GraphQL can be replaced by replacing one directory.",
      // The SDK's entry for Apollo Client is made for whoever has that client.
      { path: "^(src|workers|migrations)/", pathNot: "^src/(server|sdk/apollo)\\.ts$" },
      { path: GRAPHQL },
    ),
    forbid(
      "queues-in-workers-only",
      "BullMQ can be replaced by replacing one directory. Its tables are migrated with ours.",
      { path: "^(src|schema|migrations)/", pathNot: "^src/db/migrate\\.ts$" },
      { path: QUEUES },
    ),
    forbid(
      "redis-through-one-file",
      "Whoever asks Redis carries on when it does not answer: one file sees to that, another knows where it is. The worker's probe is its own.",
      { path: "^(src|schema|migrations)/", pathNot: "^src/redis(-places)?\\.ts$" },
      { path: REDIS },
    ),
    forbid(
      "telemetry-through-one-file",
      "It is loaded where something is traced, and nowhere else: a static import would load it always.",
      {
        path: "^(src|schema|workers|migrations)/",
        pathNot: "^src/observability/open-telemetry\\.ts$",
      },
      { path: "^node_modules/@opentelemetry/" },
    ),
    forbid(
      "telemetry-is-loaded-late",
      "The same of the file itself: types, or an import that is awaited.",
      { path: "^src/observability/open-telemetry\\.ts$" },
      {
        path: "^node_modules/@opentelemetry/",
        dynamic: false,
        dependencyTypesNot: ["type-only"],
      },
    ),
    forbid(
      "rooms-know-no-app",
      "A feature says what it needs, as an interface of its own; the app is made of features and has all of it.",
      { path: "^src/", pathNot: "^src/(app|server)\\.ts$" },
      { path: "^src/app\\.ts$" },
    ),
    forbid(
      "only-settling-books",
      "Money is booked when a processor's answer is settled, and written with everything else that it changes; when a payout is recorded; or when a correction is approved.",
      {
        path: "^(src|workers|schema)/",
        pathNot:
          "^src/(ledger/|payments/(settle/|change-store\\.ts$)|payouts/record-payout\\.ts$|reconciliation/resolve-break\\.ts$)",
      },
      { path: "^src/ledger/(journals|ledger-store)\\.ts$", dependencyTypesNot: ["type-only"] },
    ),
    forbid(
      "ledger-knows-no-payments",
      "The books know accounts and amounts, whatever they are for.",
      { path: rooms("ledger") },
      { path: ANY_ROOM, pathNot: rooms("ledger", "db") },
    ),
    forbid(
      "db-knows-no-other-room",
      "Connections, transactions, group commit: none of them knows what it is used for.",
      { path: rooms("db") },
      { path: ANY_ROOM, pathNot: rooms("db", "process") },
    ),
    forbid(
      "observability-knows-no-feature",
      "Counters are counted by those who know; gauges look at the database.",
      { path: rooms("observability") },
      { path: ANY_ROOM, pathNot: rooms("observability", "db", "security") },
    ),
    forbid(
      "security-knows-no-other-room",
      "It seals, hashes and redacts what it is given.",
      { path: rooms("security") },
      { path: ANY_ROOM, pathNot: rooms("security") },
    ),
    forbid(
      "limits-know-no-feature",
      "What is limited is counted in names and numbers, whatever they stand for.",
      { path: rooms("limits") },
      { path: ANY_ROOM, pathNot: rooms("limits", "db", "observability") },
    ),
    forbid(
      "idempotency-knows-no-feature",
      "A key's record is the same for every operation, and so is its entry in the audit log.",
      { path: rooms("idempotency") },
      {
        path: ANY_ROOM,
        pathNot: rooms("idempotency", "audit-log", "db", "events", "observability", "security"),
      },
    ),
    forbid(
      "audit-log-knows-no-feature",
      "Whatever is done, it is recorded in one way; of the merchants it knows what kinds of keys there are.",
      { path: rooms("audit-log") },
      {
        path: ANY_ROOM,
        pathNot: `${rooms("audit-log", "db", "observability")}|^src/merchants/api-key\\.ts$`,
      },
    ),
    forbid(
      "sdk-stands-alone",
      "It is what other people install.",
      { path: "^src/sdk/" },
      { path: "^(src|schema|workers|migrations)/", pathNot: "^src/sdk/" },
    ),
    forbid(
      "processors-know-no-payments",
      "An adapter turns a request into an answer; what an answer means is decided in one place.",
      { path: "^src/processors/" },
      { path: "^src/(payments|db)/" },
    ),
    forbid(
      "development-stays-out",
      "Nothing that runs in production needs the development tools.",
      { path: "^(src|schema|workers|migrations)/", pathNot: "^src/dev/" },
      { path: "^src/dev/" },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["require", "node"] },
  },
};
