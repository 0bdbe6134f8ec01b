import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { App } from "../src/app";
import { Failure, type FailureCode } from "../src/failures";
import { subscriberOf } from "../src/limits/address";
import { createHoldBack } from "../src/limits/hold-back";
import type { Asked } from "../src/limits/limits";
import { type Spender, type Standing, standingOf } from "../src/limits/rate-limits";
import type { Caller } from "../src/merchants/caller";

/** One request as the limits see it: from its first byte to its answer. */
export interface LimitedRequest {
  readonly address: string;
  /** Finds the key, unless its address has tried too many, and takes the caller's place among those being served. */
  authenticate(secret: string, find: Find): Promise<Caller | undefined>;
  /** Before anything is executed; throws when the caller has spent too much. Where it has to wait, a promise. */
  spend(asked: Asked): Promise<void> | undefined;
  isDear(): boolean;
  /** What its answer says, when that is an error. */
  answered(code: FailureCode | undefined): void;
}

export const UNLIMITED: LimitedRequest = {
  address: "",
  authenticate: (secret, find) => find(secret),
  spend: () => undefined,
  isDear: () => false,
  answered: () => undefined,
};

type Find = (secret: string) => Promise<Caller | undefined>;

declare module "fastify" {
  interface FastifyRequest {
    limited: Admitted | null;
  }
}

interface Admitted extends LimitedRequest {
  readonly standing: () => Standing | undefined;
  readonly wasRefused: () => boolean;
  readonly spender: () => Spender;
  /** Gives its places to others. */
  readonly leave: () => void;
  executing: boolean;
}

export function limitedOf(request: FastifyRequest): Admitted {
  if (!request.limited) throw new Error("the request was not admitted");
  return request.limited;
}

export interface LimitedRequests {
  addHooks(scope: FastifyInstance): void;
  /** A request counts as being served until its handler is done, even if its caller has gone. */
  whileExecuting<Answer>(request: FastifyRequest, handle: () => Promise<Answer>): Promise<Answer>;
}

export function createLimitedRequests(app: App): LimitedRequests {
  const holdBack = createHoldBack();
  return {
    addHooks: (scope) => {
      scope.decorateRequest("limited", null);
      // Before the body is read, so that what is refused here costs next to nothing.
      scope.addHook("onRequest", (request, reply, done) => {
        const limited = (request.limited = admit(app, subscriberOf(request.ip)));
        reply.raw.once("close", () => {
          if (!limited.executing) limited.leave();
        });
        limited.arrive();
        done();
      });
      // With a callback: a promise would cost each answer a few turns of the queue of those.
      scope.addHook("onSend", (...[request, reply, payload, done]) => {
        const { limited } = request;
        if (limited) showStanding(reply, limited.standing());
        if (!limited?.wasRefused()) {
          done(null, payload);
          return;
        }
        limited.leave();
        const { key, address } = limited.spender();
        const size = Number(request.headers["content-length"] ?? 0);
        void holdBack(key ?? address, { size }).then(() => done(null, payload), done);
      });
    },
    whileExecuting: async (request, handle) => {
      const limited = limitedOf(request);
      limited.executing = true;
      try {
        return await handle();
      } finally {
        limited.leave();
      }
    },
  };
}

/** draft-ietf-httpapi-ratelimit-headers-11. The unit of a quota is in the policy's name: there is no registered one. */
export function showStanding(reply: FastifyReply, standing: Standing | undefined): void {
  if (!standing) return;
  const { policy, limit, windowSeconds, remaining, resetSeconds } = standing;
  void reply.header(
    "ratelimit-policy",
    `"${policy}";q=${String(limit)};w=${String(windowSeconds)}`,
  );
  void reply.header("ratelimit", `"${policy}";r=${String(remaining)};t=${String(resetSeconds)}`);
}

function admit(app: App, address: string): Admitted & { readonly arrive: () => void } {
  const { limits } = app;
  const places: (() => void)[] = [];
  let spender: Spender = { address };
  let standing: Standing | undefined;
  let wasRefused = false;
  let spent = false;
  let dear = false;

  /** Notes what a refusal says. */
  function noted<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      note(error);
      throw error;
    }
  }
  function note(error: unknown): void {
    if (!(error instanceof Failure) || error.code !== "RATE_LIMITED") return;
    wasRefused = true;
    standing = standingOf(error);
  }
  async function enterDear(): Promise<void> {
    places.push(await limits.dearRequests.enter(spender.tenant ?? address));
  }
  return {
    address,
    executing: false,
    arrive: () => {
      noted(() => places.push(limits.inFlight.enter("address", address)));
    },
    authenticate: async (secret, find) => {
      try {
        const caller = await limits.badKeys.authenticate({ address, secret, find });
        if (!caller) return undefined;
        // Tenants may share an address, of a provider's gateway for instance, and yet not each other's limits.
        const ofTenant = `${caller.merchantId} ${address}`;
        spender = { address: ofTenant, key: caller.id, tenant: caller.merchantId };
        places.push(limits.inFlight.enter("key", caller.id));
        places.push(limits.inFlight.enter("tenant", caller.merchantId));
        return caller;
      } catch (error) {
        note(error);
        throw error;
      }
    },
    spend: (asked) => {
      spent = true;
      standing = noted(() => limits.spend(spender, asked));
      dear = limits.dearRequests.isDear(asked.cost);
      return dear ? enterDear() : undefined;
    },
    isDear: () => dear,
    standing: () => standing,
    answered: (code) => {
      if (code === "RATE_LIMITED") wasRefused = true;
    },
    wasRefused: () => wasRefused,
    spender: () => spender,
    leave: () => {
      for (const place of places.splice(0)) place();
      if (spent || wasRefused) return;
      spent = true;
      limits.spendUnread(spender);
    },
  };
}
