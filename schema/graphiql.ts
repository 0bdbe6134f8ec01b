import { readFile } from "node:fs/promises";
import path from "node:path";
import type { FastifyInstance, onRequestHookHandler } from "fastify";

/**
 * GraphiQL for people with a browser, from our own disk: the page loads nothing from anywhere else, so it
 * works without the internet and no stranger's server can put a script beside somebody's secret key.
 */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>oncepay</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/graphiql/assets/graphiql.css" />
    <link rel="stylesheet" href="/graphiql/assets/page.css" />
  </head>
  <body>
    <div id="graphiql">Loading …</div>
    <script src="/graphiql/assets/react.js"></script>
    <script src="/graphiql/assets/react-dom.js"></script>
    <script src="/graphiql/assets/graphiql.js"></script>
    <script src="/graphiql/assets/page.js"></script>
  </body>
</html>
`;

const PAGE_STYLE = "html, body, #graphiql { height: 100%; margin: 0; }\n";

const PAGE_SCRIPT = `const query = \`# The operations are in the documentation, to the left.
# Put your secret key into the headers below; "npm start" prints one.

mutation CreatePaymentIntent {
  createPaymentIntent(
    idempotencyKey: "order-1"
    input: { amount: 2500, currency: "USD", paymentMethod: "pm_card_visa" }
  ) {
    paymentIntent { id status amount currency }
    idempotency { status firstSeenAt }
  }
}
\`;
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    defaultQuery: query,
    defaultHeaders: JSON.stringify({ authorization: "Bearer sk_..." }, null, 2),
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
  }),
);
`;

// Styles may stand in the page: the editor places its cursor with them. Scripts may not.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

interface Asset {
  readonly type: string;
  readonly read: () => Promise<string>;
}

function packaged(packageFile: string, file: string, type: string): Asset {
  return { type, read: () => readFile(path.join(path.dirname(packageFile), file), "utf8") };
}

function assets(): ReadonlyMap<string, Asset> {
  const react = require.resolve("react/package.json");
  const reactDom = require.resolve("react-dom/package.json");
  const graphiql = require.resolve("graphiql/package.json");
  return new Map<string, Asset>([
    ["page.js", { type: SCRIPT, read: () => Promise.resolve(PAGE_SCRIPT) }],
    ["page.css", { type: STYLE, read: () => Promise.resolve(PAGE_STYLE) }],
    ["react.js", packaged(react, "umd/react.production.min.js", SCRIPT)],
    ["react-dom.js", packaged(reactDom, "umd/react-dom.production.min.js", SCRIPT)],
    ["graphiql.js", packaged(graphiql, "graphiql.min.js", SCRIPT)],
    ["graphiql.css", packaged(graphiql, "graphiql.min.css", STYLE)],
  ]);
}

const NO_SUCH_METHOD = { error: "GraphQL requests must be sent with POST; queries also with GET." };

function wantsPage(accept: string | undefined): boolean {
  return accept?.includes("text/html") ?? false;
}

/** Browsers that come to look get the page. Where it is not served, they learn no more than any other client. */
export function graphiqlPage(isServed: boolean): onRequestHookHandler {
  return (request, reply, done) => {
    const isAsked = request.method === "GET" && wantsPage(request.headers.accept);
    if (!isServed || !isAsked) {
      done();
      return;
    }
    void reply
      .headers({
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": CONTENT_SECURITY_POLICY,
      })
      .send(PAGE);
  };
}

/** What is beside the endpoint itself: the way to the page, and what it loads. */
export function serveGraphiql(fastify: FastifyInstance, isServed: boolean): void {
  fastify.route({
    method: ["PUT", "PATCH", "DELETE"],
    url: "/graphql",
    handler: (_request, reply) => reply.code(405).header("allow", "GET, POST").send(NO_SUCH_METHOD),
  });
  const known = assets();

  fastify.get("/", (request, reply) =>
    isServed && wantsPage(request.headers.accept)
      ? reply.redirect("/graphql")
      : reply.callNotFound(),
  );

  if (!isServed) return;
  fastify.get<{ Params: { name: string } }>("/graphiql/assets/:name", async (request, reply) => {
    const asset = known.get(request.params.name);
    if (!asset) {
      reply.callNotFound();
      return reply;
    }
    return reply
      .headers({
        "content-type": asset.type,
        "cache-control": "public, max-age=3600",
      })
      .send(await asset.read());
  });
}
