import { readFile } from "node:fs/promises";
import path from "node:path";
import type { FastifyInstance } from "fastify";

/*
 * The operators' console: one page for all its addresses, with its script and its style. The page holds nothing of
 * anybody's; what it shows it asks for at /console/graphql, which is the public API behind a session.
 */

export interface ServedConsole {
  readonly isServed: boolean;
  /** Where the build has put the page's script and style. */
  readonly assets?: string;
}

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>oncepay console</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/console/assets/console.css">
    <script type="module" src="/console/assets/console.js"></script>
  </head>
  <body>
    <div id="console"></div>
  </body>
</html>
`;

// Nothing in the page, and nothing from elsewhere.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const ASSETS: ReadonlyMap<string, string> = new Map([
  ["console.js", "text/javascript; charset=utf-8"],
  ["console.css", "text/css; charset=utf-8"],
]);

const BUILT = path.resolve(__dirname, "../../web");

export function serveConsole(
  fastify: FastifyInstance,
  { isServed, assets = BUILT }: ServedConsole,
): void {
  if (!isServed) return;
  fastify.get<{ Params: { name: string } }>("/console/assets/:name", async (request, reply) => {
    const { name } = request.params;
    const type = ASSETS.get(name);
    if (type === undefined) {
      reply.callNotFound();
      return reply;
    }
    return reply.header("content-type", type).send(await readFile(path.join(assets, name), "utf8"));
  });
  // Which page it is, the page itself reads from its address.
  for (const url of ["/console", "/console/*"]) {
    fastify.get(url, (_request, reply) =>
      reply
        .headers({
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": CONTENT_SECURITY_POLICY,
        })
        .send(PAGE),
    );
  }
}
