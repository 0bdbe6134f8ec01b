import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { App } from "../src/app";
import type { Actor } from "../src/audit-log/entry";
import { Failure } from "../src/failures";
import type { Authenticator } from "../src/merchants/authenticate";
import type { Caller } from "../src/merchants/caller";
import { callerOfSession, closeSession, openSession } from "../src/merchants/console-session";
import { limitedOf } from "./limited";

/*
 * The console's way in: signing in and out, and the one address at which a session counts. Whatever is asked there is
 * asked of the public API, with what the session's key may do; at /graphql a cookie means nothing.
 *
 * A browser adds the cookie to whatever page's request. So a request must also come from a page of this origin, which
 * the browser says and no page can make it say, and bear a header that a page of another origin cannot send unasked.
 */

/** `act` for what a person does, `watch` for what a page asks by itself, which keeps no session alive. */
const HEADER = "oncepay-console";
const COOKIE = "oncepay-console";

/** What /graphql and /console/graphql differ in. */
export interface Door {
  readonly url: string;
  readonly method: ("GET" | "POST")[];
  readonly streams: boolean;
  /** Throws, or says who knows whose request it is. */
  readonly admit: (request: FastifyRequest) => Pick<Authenticator, "authenticate">;
}

export function consoleDoor(app: App): Door[] {
  if (!app.config.console) return [];
  return [
    {
      url: "/console/graphql",
      method: ["POST"],
      // A stream asks for its key again and again; the console asks anew.
      streams: false,
      admit: (request) => {
        refuseOtherPages(request, app.config.publicUrl);
        const token = tokenIn(request);
        if (token === undefined) throw signedOut();
        // From here on it is sent as a key is, and limited, recorded and answered like one.
        request.headers.authorization = `Bearer ${token}`;
        return sessions(app, request);
      },
    },
  ];
}

function sessions(app: App, request: FastifyRequest): ReturnType<Door["admit"]> {
  const isUse = request.headers[HEADER] === "act";
  return {
    authenticate: (token, address) => callerOfSession(app.db, token, { address, isUse }),
  };
}

/** In the scope of /graphql, whose limits and errors are theirs as well. */
export function serveSessions(
  scope: FastifyInstance,
  app: App,
  authenticator: Pick<Authenticator, "authenticate">,
): void {
  if (!app.config.console) return;
  const url = "/console/session";
  const preHandler = (request: FastifyRequest): Promise<void> => {
    refuseOtherPages(request, app.config.publicUrl);
    return Promise.resolve();
  };
  scope.get(url, { preHandler }, async (request) => {
    const caller = await callerIn(app, request);
    if (!caller) throw signedOut();
    return shown(caller);
  });
  scope.post(url, { preHandler, bodyLimit: 1_024 }, async (request, reply) => {
    const key = readKey(request.body);
    // Where it is refused, the record says which key it was, as far as that may be shown.
    request.headers.authorization = `Bearer ${key}`;
    const find = (secret: string) => authenticator.authenticate(secret, request.ip);
    const caller = await limitedOf(request).authenticate(key, find);
    if (!caller) throw new Failure("UNAUTHENTICATED", "This is not a live API key.");
    const token = await openSession(app.db, caller, actorOf(request, caller));
    setCookie(app, { request, reply }, token);
    return shown(caller);
  });
  scope.delete(url, { preHandler }, async (request, reply) => {
    const caller = await callerIn(app, request);
    const token = tokenIn(request);
    if (token !== undefined) await closeSession(app.db, token, actorOf(request, caller));
    setCookie(app, { request, reply }, "");
    return {};
  });
}

async function callerIn(app: App, request: FastifyRequest): Promise<Caller | undefined> {
  const token = tokenIn(request);
  if (token === undefined) return undefined;
  return limitedOf(request).authenticate(token, (secret) =>
    sessions(app, request).authenticate(secret, request.ip),
  );
}

/** What the page must know to offer only what it may do. */
function shown({ id, kind, hint, mode, merchantId, scopes }: Caller): object {
  return { key: { id, kind, hint, mode, scopes }, merchantId };
}

function actorOf(request: FastifyRequest, caller: Caller | undefined): Actor {
  const { kind = "ANONYMOUS", id = null, hint = null } = caller ?? {};
  return { kind, id, hint, address: request.ip, requestId: request.id };
}

function signedOut(): Failure {
  return new Failure("UNAUTHENTICATED", "Nobody is signed in, or the session has ended.");
}

function readKey(body: unknown): string {
  const { key } = (body ?? {}) as { readonly key?: unknown };
  if (typeof key === "string" && /^\S{1,200}$/.test(key)) return key;
  throw new Failure("BAD_USER_INPUT", "The key is missing.", { field: "key" });
}

/*
 * Browsers say for each request from what kind of page it comes, but only to addresses that they trust; over plain HTTP
 * from another machine they say the page's origin alone.
 */
function refuseOtherPages(request: FastifyRequest, publicUrl: string | undefined): void {
  const { [HEADER]: ours, "sec-fetch-site": site, origin } = request.headers;
  const isOurs = ours === "act" || ours === "watch";
  const isOwnPage =
    site === undefined ? isOwnOrigin(request, origin, publicUrl) : site === "same-origin";
  if (isOurs && isOwnPage) return;
  throw new Failure("FORBIDDEN", "Only a page of the console may ask this.");
}

/** Of the host, not of the scheme: a proxy that ends TLS need not say that it did. */
function isOwnOrigin(
  request: FastifyRequest,
  origin: string | undefined,
  publicUrl: string | undefined,
): boolean {
  const [, host] = /^https?:\/\/([^/]+)$/.exec(origin ?? "") ?? [];
  if (host === undefined) return false;
  return host === request.host || (publicUrl !== undefined && host === new URL(publicUrl).host);
}

const TOKEN = new RegExp(`(?:^|; )(?:__Host-)?${COOKIE}=([\\w-]{1,200})(?:;|$)`);

function tokenIn({ headers }: FastifyRequest): string | undefined {
  return TOKEN.exec(headers.cookie ?? "")?.[1];
}

/** Without a time: it goes with the browser. When the session ends, the database decides. */
function setCookie(
  { config }: App,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  token: string,
): void {
  const isSecure =
    request.protocol === "https" || (config.publicUrl?.startsWith("https:") ?? false);
  const [name, where] = isSecure
    ? [`__Host-${COOKIE}`, "Path=/; Secure"]
    : [COOKIE, "Path=/console"];
  const end = token === "" ? "; Max-Age=0" : "";
  void reply.header("set-cookie", `${name}=${token}; ${where}; HttpOnly; SameSite=Strict${end}`);
}
