/**
 * Lets Node run the harness straight from its TypeScript, as Jest does: `node -r ./test/attack/register.js …`.
 * Only the harness and the example go through here. What is attacked are the programs in dist.
 */
const { transformSync } = require("@swc/core");
const { readFileSync } = require("node:fs");

require.extensions[".ts"] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, "utf8"), {
    filename,
    jsc: {
      parser: { syntax: "typescript", decorators: true },
      target: "es2022",
      transform: { legacyDecorator: true, useDefineForClassFields: false },
      keepClassNames: true,
    },
    module: { type: "commonjs" },
    sourceMaps: "inline",
  });
  module._compile(code, filename);
};
