import type { App } from "../src/app";
import type { Db } from "../src/db/db";
import { isClientSecretFor, paymentIntentIdOf } from "../src/payments/client-secret";
import { Failure } from "../src/failures";
import type { ApiKey } from "../src/merchants/merchant-store";
import { type Loaders, createLoaders } from "./loaders";
import type { MediaType } from "./media-type";

/** What a resolver may see. It is made anew for every request, and with it what was loaded. */
export interface Context {
  /** Without its ways into the database, which sees every tenant: see dbOf. */
  readonly app: Omit<App, "db" | "tenantDb" | "tenantPool">;
  /** What the caller's tenant may see. */
  readonly tenantDb: App["tenantDb"];
  /** Sees every tenant. For the few requests that are not about one; each use says why. */
  readonly systemDb: Db;
  readonly requestId: string;
  readonly mediaType: MediaType;
  /** Undefined: anonymous. Whatever needs a key asks with callerOf(). */
  readonly caller: ApiKey | undefined;
  /** The intent whose client secret came with the request. */
  readonly clientSecretFor: string | undefined;
  /** Made when first asked for: the hot mutations need none. */
  readonly loaders: () => Loaders;
  /** Whether our own answer was made: shared with the one who sends it. */
  readonly progress: { answered: boolean };
}

export interface IncomingRequest {
  readonly requestId: string;
  readonly mediaType: MediaType;
  readonly authorization: string | undefined;
  readonly clientSecret: string | undefined;
}

type Authenticate = (secret: string) => Promise<ApiKey | undefined>;

const BEARER = /^Bearer +(\S{1,200})$/i;

export async function createContext(
  app: App,
  authenticate: Authenticate,
  request: IncomingRequest,
): Promise<Context> {
  const secret = BEARER.exec(request.authorization ?? "")?.[1];
  const caller = secret === undefined ? undefined : await authenticate(secret);
  let loaders: Loaders | undefined;
  return {
    app,
    tenantDb: app.tenantDb,
    systemDb: app.db,
    requestId: request.requestId,
    mediaType: request.mediaType,
    caller,
    clientSecretFor: provenIntent(app, request.clientSecret),
    loaders: () => (loaders ??= loadersFor(app, caller)),
    progress: { answered: false },
  };
}

function loadersFor(app: App, caller: ApiKey | undefined): Loaders {
  if (!caller) throw unauthenticated();
  return createLoaders(app.tenantDb(caller.merchantId), caller.merchantId);
}

function provenIntent(app: App, clientSecret: string | undefined): string | undefined {
  const id = clientSecret === undefined ? undefined : paymentIntentIdOf(clientSecret);
  if (clientSecret === undefined || id === undefined) return undefined;
  return isClientSecretFor(app.clientSecretKeys, id, clientSecret) ? id : undefined;
}

export function callerOf(context: Context): ApiKey {
  if (!context.caller) throw unauthenticated();
  return context.caller;
}

/** The database as the caller's tenant sees it: what its statements forget to ask for, it does not show. */
export function dbOf(context: Context): Db {
  return context.tenantDb(callerOf(context).merchantId);
}

export function unauthenticated(): Failure {
  return new Failure("UNAUTHENTICATED", "An API key is required: `Authorization: Bearer sk_…`.");
}
