import { readFile } from "node:fs/promises";
import path from "node:path";
import type { FastifyInstance } from "fastify";

// Nothing in a page, and nothing from elsewhere; where a link leads is a navigation, which no policy concerns.
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

export const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": CONTENT_SECURITY_POLICY,
} as const;

const BUILT = path.resolve(__dirname, "../../web");

/** A page's script and style, `name.js` and `name.css`, at /name/assets; the folder is where the build has put them. */
export function serveAssets(fastify: FastifyInstance, name: string, folder = BUILT): void {
  const types: ReadonlyMap<string, string> = new Map([
    [`${name}.js`, "text/javascript; charset=utf-8"],
    [`${name}.css`, "text/css; charset=utf-8"],
  ]);
  fastify.get<{ Params: { file: string } }>(`/${name}/assets/:file`, async (request, reply) => {
    const { file } = request.params;
    const type = types.get(file);
    if (type === undefined) {
      reply.callNotFound();
      return reply;
    }
    return reply.header("content-type", type).send(await readFile(path.join(folder, file), "utf8"));
  });
}
