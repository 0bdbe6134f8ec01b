import type { App } from "../src/app";
import { isClientSecretFor, paymentIntentIdOf } from "../src/payments/client-secret";
import { Failure } from "../src/failures";
import type { ApiKey } from "../src/merchants/merchant-store";
import { type Budget, createBudget } from "./budget";
import { type Loaders, createLoaders } from "./loaders";
import type { MediaType } from "./media-type";

/** What a resolver may see. It is made anew for every request, and with it what was loaded. */
export interface Context {
  readonly app: App;
  readonly requestId: string;
  readonly mediaType: MediaType;
  /** Undefined: anonymous. Whatever needs a key asks with callerOf(). */
  readonly caller: ApiKey | undefined;
  /** The intent whose client secret came with the request. */
  readonly clientSecretFor: string | undefined;
  /** Made when first asked for: the hot mutations need none. */
  readonly loaders: () => Loaders;
  /** What it has taken so far. */
  readonly budget: Budget;
  /** Whether a mutation was executed, and whether our own answer was made: shared with the one who sends it. */
  readonly progress: { answered: boolean; mutated: boolean };
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
    requestId: request.requestId,
    mediaType: request.mediaType,
    caller,
    clientSecretFor: provenIntent(app, request.clientSecret),
    loaders: () => (loaders ??= createLoaders(app.db, caller?.merchantId ?? "")),
    budget: createBudget(app.config.queryTimeMs),
    progress: { answered: false, mutated: false },
  };
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

export function unauthenticated(): Failure {
  return new Failure("UNAUTHENTICATED", "An API key is required: `Authorization: Bearer sk_…`.");
}
