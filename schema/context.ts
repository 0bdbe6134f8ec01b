import type { GraphQLError } from "graphql";
import type { App } from "../src/app";
import type { Db } from "../src/db/db";
import { isClientSecretFor, paymentIntentIdOf } from "../src/payments/client-secret";
import { Failure } from "../src/failures";
import type { Caller } from "../src/merchants/caller";
import { held } from "../src/merchants/hold-merchant";
import { type Budget, createBudget } from "./budget";
import { type LimitedRequest, UNLIMITED } from "./limited";
import { type Loaders, createLoaders } from "./loaders";
import type { Answered } from "./measure-requests";
import type { MediaType } from "./media-type";
import { type PresentedKey, presentedKey, secretIn } from "./presented-key";

/** What a resolver may see. It is made anew for every request, and with it what was loaded. */
export interface Context {
  /** Its `db` is the caller's tenant's view: what a statement forgets to ask for, it does not show. */
  readonly app: Omit<App, "tenantDb" | "tenantPool" | "forTenant">;
  /** Sees every tenant. For the few requests that are not about one; each use says why. */
  readonly systemDb: Db;
  readonly requestId: string;
  /** What is done for it is a part of its trace; undefined: there is none. */
  readonly traceparent: string | undefined;
  readonly mediaType: MediaType;
  /** Undefined: anonymous. Whatever needs a key asks with callerOf(). */
  readonly caller: Caller | undefined;
  /** The key that was sent, when it is not valid. */
  readonly presented: PresentedKey | undefined;
  readonly address: string | null;
  /** The intent whose client secret came with the request. */
  readonly clientSecretFor: string | undefined;
  /** Made when first asked for: the hot mutations need none. */
  readonly loaders: () => Loaders;
  /** What it may ask for, and what it has been told about that. */
  readonly limited: LimitedRequest;
  /** What it has taken so far. */
  readonly budget: Budget;
  /** Whether a mutation was executed, and whether our own answer was made: shared with the one who sends it. */
  readonly progress: Progress;
}

interface Progress {
  answered: boolean;
  mutated: boolean;
  measured?: Answered;
  /** What went wrong while it was executed, where not Apollo did that. */
  errors?: readonly GraphQLError[] | undefined;
}

export interface IncomingRequest {
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  readonly address: string;
  readonly mediaType: MediaType;
  readonly authorization: string | undefined;
  readonly clientSecret: string | undefined;
  /** What comes from within is not limited. */
  readonly limited?: LimitedRequest;
}

type Authenticate = (secret: string) => Promise<Caller | undefined>;

export async function createContext(
  shared: App,
  authenticate: Authenticate,
  request: IncomingRequest,
): Promise<Context> {
  const secret = secretIn(request.authorization);
  const { limited = UNLIMITED } = request;
  const caller =
    secret === undefined ? undefined : await limited.authenticate(secret, authenticate);
  if (caller?.isElsewhere === true) throw held();
  const app = caller ? shared.forTenant(caller.merchantId) : forNobody(shared);
  let loaders: Loaders | undefined;
  return {
    app,
    systemDb: shared.db,
    requestId: request.requestId,
    traceparent: request.traceparent,
    address: request.address,
    presented: caller ? undefined : presentedKey(secret),
    mediaType: request.mediaType,
    caller,
    clientSecretFor: provenIntent(app, request.clientSecret),
    loaders: () => (loaders ??= createLoaders(app.db, caller?.merchantId ?? "")),
    limited,
    budget: createBudget(app.config.queryTimeMs),
    progress: { answered: false, mutated: false },
  };
}

/** Whoever is nobody's caller sees no rows at all. */
function forNobody(shared: App): Context["app"] {
  const db = (): never => {
    throw unauthenticated();
  };
  return Object.create(shared, { db: { get: db } }) as Context["app"];
}

function provenIntent(app: Context["app"], clientSecret: string | undefined): string | undefined {
  const id = clientSecret === undefined ? undefined : paymentIntentIdOf(clientSecret);
  if (clientSecret === undefined || id === undefined) return undefined;
  return isClientSecretFor(app.clientSecretKeys, id, clientSecret) ? id : undefined;
}

export function callerOf(context: Context): Caller {
  if (!context.caller) throw unauthenticated();
  return context.caller;
}

export function unauthenticated(): Failure {
  return new Failure("UNAUTHENTICATED", "An API key is required: `Authorization: Bearer sk_…`.");
}
