import { Failure } from "../failures";

/*
 * Who may use one of a few places next, such as connections to the database, when several tenants want more of them
 * than there are.
 *
 * - A tenant holds at most `heldPerFree` times as many places as are free. So one that is alone uses nearly all of
 *   them, and yet somebody else finds one free at once: what is slow is not waited for.
 * - A place that becomes free goes to the waiting tenant that holds the fewest. Places are counted while they are held,
 *   so that a tenant whose statements take long gets no more time than one whose statements are short.
 * - Nobody is let in to wait longer than `patienceMs`: a request that would have to is refused at once, and one that
 *   did, all the same, then. A refused request has done nothing.
 *
 * Cost: a look-up in a map while nobody waits.
 */
export interface FairAdmission {
  /** Resolves to what gives the place back, which must be called once. */
  enter(tenant: string): Promise<() => void> | (() => void);
  readonly waiting: () => number;
  readonly held: () => number;
}

export interface FairAdmissionOptions {
  readonly places: number;
  readonly heldPerFree: number;
  readonly patienceMs: number;
  /** How many may wait altogether; half of what is left of that may wait for one tenant. */
  readonly waitingMax: number;
  /** Of those that had to wait: how long, until they had a place. */
  readonly onWaited?: (seconds: number) => void;
}

/** How much the latest stay counts in the mean: about the last thirty are remembered. */
const MEAN_WEIGHT = 1 / 30;

// Who holds nothing is forgotten, but not taken out of the map at once: see tally.ts.
const KEPT = 1_000;

interface Tenant {
  held: number;
  /** When it got its latest place, counted in places given. */
  servedAt: number;
  /** How long it held its places, on average. */
  meanMs: number;
  readonly queue: Waiter[];
}

interface Waiter {
  readonly admit: (leave: () => void) => void;
  readonly timer: NodeJS.Timeout;
}

export function createFairAdmission(options: FairAdmissionOptions): FairAdmission {
  const tenantOf = createTenants();
  const waitingTenants = new Set<Tenant>();
  let held = 0;
  let waiting = 0;
  let served = 0;

  const mayHoldMore = (tenant: Tenant): boolean => {
    const free = options.places - held;
    return free > 0 && tenant.held < Math.max(1, options.heldPerFree * free);
  };
  const take = (tenant: Tenant): (() => void) => {
    const since = performance.now();
    tenant.held += 1;
    tenant.servedAt = served += 1;
    held += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      tenant.held -= 1;
      held -= 1;
      tenant.meanMs += (performance.now() - since - tenant.meanMs) * MEAN_WEIGHT;
      admitNext();
      if (isIdle(tenant)) forget(tenant);
    };
  };
  const admitNext = (): void => {
    for (;;) {
      let next: Tenant | undefined;
      for (const tenant of waitingTenants) {
        if (mayHoldMore(tenant) && (!next || comesBefore(tenant, next))) next = tenant;
      }
      const waiter = next?.queue.shift();
      if (!next || !waiter) return;
      waiting -= 1;
      clearTimeout(waiter.timer);
      if (next.queue.length === 0) waitingTenants.delete(next);
      waiter.admit(take(next));
    }
  };
  /** With the places that it is sure to get, which is one. */
  const wouldWaitMs = (tenant: Tenant): number =>
    (tenant.meanMs * (tenant.queue.length + 1)) / Math.max(1, tenant.held);
  const isFull = (tenant: Tenant): boolean =>
    tenant.queue.length >= (options.waitingMax - waiting) / 2 ||
    wouldWaitMs(tenant) > options.patienceMs;
  const wait = (tenant: Tenant): Promise<() => void> =>
    new Promise((admit, reject) => {
      const giveUp = (): void => {
        tenant.queue.splice(tenant.queue.indexOf(waiter), 1);
        waiting -= 1;
        if (tenant.queue.length === 0) waitingTenants.delete(tenant);
        reject(overloaded());
      };
      const waiter = { admit, timer: setTimeout(giveUp, options.patienceMs) };
      tenant.queue.push(waiter);
      waiting += 1;
      waitingTenants.add(tenant);
    });
  return {
    enter: (name) => {
      const tenant = tenantOf(name);
      if (tenant.queue.length === 0 && mayHoldMore(tenant)) return take(tenant);
      if (isFull(tenant)) return Promise.reject(overloaded());
      return timed(wait(tenant), options);
    },
    waiting: () => waiting,
    held: () => held,
  };
}

function createTenants(): (name: string) => Tenant {
  const tenants = new Map<string, Tenant>();
  let keptMax = KEPT;
  return (name) => {
    const known = tenants.get(name);
    if (known) return known;
    if (tenants.size >= keptMax) {
      for (const [other, tenant] of tenants) if (isIdle(tenant)) tenants.delete(other);
      keptMax = Math.max(KEPT, 2 * tenants.size);
    }
    const tenant: Tenant = { held: 0, servedAt: 0, meanMs: 0, queue: [] };
    tenants.set(name, tenant);
    return tenant;
  };
}

function isIdle(tenant: Tenant): boolean {
  return tenant.held === 0 && tenant.queue.length === 0;
}

function forget(tenant: Tenant): void {
  tenant.servedAt = 0;
  tenant.meanMs = 0;
}

async function timed<Place>(
  waiting: Promise<Place>,
  { onWaited }: Pick<FairAdmissionOptions, "onWaited">,
): Promise<Place> {
  const sinceMs = performance.now();
  const place = await waiting;
  onWaited?.((performance.now() - sinceMs) / 1_000);
  return place;
}

/** Equals take turns. */
function comesBefore(one: Tenant, other: Tenant): boolean {
  return one.held < other.held || (one.held === other.held && one.servedAt < other.servedAt);
}

/**
 * It does not say whether something may be stored: those who asked for the connection know that (see mayBeStored), and
 * one of them may be reading what a mutation has just committed.
 */
export function overloaded(): Failure {
  return new Failure("UNAVAILABLE", "The service is overloaded.").retryAfter(1_000);
}
