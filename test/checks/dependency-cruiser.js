/** The boundaries between the parts: schema → src ← workers. */
const GRAPHQL = "^node_modules/(graphql|graphql-scalars|type-graphql|@apollo|@as-integrations)/";
const QUEUES = "^node_modules/(bullmq|ioredis)/";

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
      { path: "^(src|workers|migrations)/", pathNot: "^src/server\\.ts$" },
      { path: GRAPHQL },
    ),
    forbid(
      "queues-in-workers-only",
      "BullMQ can be replaced by replacing one directory. Its tables are migrated with ours.",
      { path: "^(src|schema|migrations)/", pathNot: "^src/db/migrate\\.ts$" },
      { path: QUEUES },
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
