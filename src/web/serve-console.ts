import type { FastifyInstance } from "fastify";
import { PAGE_HEADERS, serveAssets } from "./serve-page";

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

export function serveConsole(fastify: FastifyInstance, { isServed, assets }: ServedConsole): void {
  if (!isServed) return;
  serveAssets(fastify, "console", assets);
  // Which page it is, the page itself reads from its address.
  for (const url of ["/console", "/console/*"]) {
    fastify.get(url, (_request, reply) => reply.headers(PAGE_HEADERS).send(PAGE));
  }
}
