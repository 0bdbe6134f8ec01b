const js = require("@eslint/js");
const ts = require("typescript-eslint");

const sqlWidth = require("./test/checks/sql-width");

const sizeLimits = {
  "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
  "max-lines-per-function": ["error", { max: 70, skipBlankLines: true, skipComments: true }],
  "max-params": ["error", 3],
  "max-depth": ["error", 3],
  // A switch over a closed union is one decision, however many members it has.
  complexity: ["error", { max: 12, variant: "modified" }],
};

module.exports = ts.config(
  { ignores: ["**/dist/", "coverage/", ".oncepay/", "bench-results/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [ts.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: __dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      ...sizeLimits,
      eqeqeq: ["error", "always", { null: "ignore" }],
      // A Knex statement nobody awaits silently never runs. Only checkThenables sees it: it is no Promise.
      "@typescript-eslint/no-floating-promises": ["error", { checkThenables: true }],
      "@typescript-eslint/no-misused-promises": "error",
      // A new state has to be dealt with wherever states are told apart.
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
    },
  },
  {
    files: ["src/**/*.ts", "workers/**/*.ts"],
    plugins: { oncepay: { rules: { "sql-width": sqlWidth } } },
    rules: { "oncepay/sql-width": "error" },
  },
  // Printed from the schema, and read by nobody but the compiler.
  {
    files: [
      "src/sdk/{enums,inputs,mutations,objects,queries,results}.ts",
      "src/web/console/results.ts",
    ],
    rules: { "max-lines": "off" },
  },
  // A migration is one piece of SQL.
  { files: ["migrations/**/*.ts"], rules: { "max-lines-per-function": "off" } },
  {
    files: ["test/**/*.ts"],
    rules: {
      "max-lines-per-function": "off",
      "max-params": "off",
      "max-lines": ["error", { max: 500, skipBlankLines: true, skipComments: true }],
      complexity: "off",
      // Answers of the API under test come as JSON; the expectations check their shape.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-unsafe-call": "off",
    },
  },
  {
    files: ["**/*.js"],
    languageOptions: {
      sourceType: "commonjs",
      globals: {
        require: "readonly",
        module: "writable",
        __dirname: "readonly",
        process: "readonly",
      },
    },
  },
);
