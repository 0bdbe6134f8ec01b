import { rateLimited } from "./rate-limits";
import type { ConfirmLimit, LimitSet } from "./settings";
import { type Windows, createWindows } from "./windows";

/*
 * Card testing: somebody confirms again and again, with one stolen card after another, to see which of them are alive.
 * What can be seen of it are many confirmations of one payment, and, from a browser, many of them or many declines for
 * one address, one key or one card. A browser is known by its publishable key; a merchant's server confirms for all of
 * its shoppers, so that its address says nothing about them.
 *
 * Counted are confirmations that were executed; replays, which change nothing, are not. From browsers, refusals are. A
 * decline comes from the card network, after the answer, in another process: payments that were confirmed from browsers
 * are looked at again until they are decided, once a second, all of a merchant's with one statement.
 *
 * Counts live in this process and last ten minutes; processes share them through Redis where there is one. A refusal is
 * not stored: the key stays usable.
 */

export interface ConfirmVelocity {
  /** Throws when there have been too many. */
  check(confirm: Confirm): void;
  /** It was executed, with this card. */
  count(confirm: Confirm): void;
  /** The payment was in no state to be confirmed, or this was said before; a merchant's server may learn that freely. */
  countRefused(confirm: Confirm): void;
  /** Looks once at what is not decided. The timer does it by itself. */
  look(): Promise<void>;
  readonly windows: readonly Windows[];
  close(): void;
}

export interface Confirm {
  readonly merchantId: string;
  readonly paymentIntentId: string;
  readonly paymentMethod: string | null;
  readonly key: string;
  readonly address: string;
  /** Whether it comes from a shopper's browser. */
  readonly isPublishable: boolean;
}

/** The statuses of these payments of a merchant. */
export type FindStatuses = (
  merchantId: string,
  ids: readonly string[],
) => Promise<readonly { readonly id: string; readonly status: string }[]>;

const WINDOW_MS = 600_000;
const LOOK_EVERY_MS = 1_000;
const WATCHED_MAX = 5_000;

const DECLINED = new Set(["REQUIRES_PAYMENT_METHOD", "FAILED"]);
const UNDECIDED = new Set(["PROCESSING", "REQUIRES_ACTION"]);

const MESSAGES: Readonly<Record<ConfirmLimit, string>> = {
  intent: "This payment has been confirmed too often.",
  address: "There have been too many confirmations from this address.",
  addressDeclines: "Too many payments from this address have been declined.",
  keyDeclines: "Too many payments with this API key have been declined.",
  paymentMethodDeclines: "Too many payments with this payment method have been declined.",
};

interface Watched extends Confirm {
  readonly atMs: number;
}

export function createConfirmVelocity(
  limits: LimitSet<ConfirmLimit>,
  findStatuses: FindStatuses,
): ConfirmVelocity {
  const names = Object.keys(MESSAGES) as ConfirmLimit[];
  const namesFor = ({ isPublishable }: Confirm): readonly ConfirmLimit[] =>
    isPublishable ? names : SERVERS;
  const windows = Object.fromEntries(
    names.map((name) => [name, createWindows(`confirms:${name}`, WINDOW_MS)]),
  ) as Readonly<Record<ConfirmLimit, Windows>>;
  const add = (confirm: Confirm, what: "confirms" | "declines"): void => {
    for (const name of namesFor(confirm)) {
      if (isDecline(name) !== (what === "declines")) continue;
      const who = countedAs(name, confirm);
      if (who !== undefined && limits[name] > 0) windows[name].add(who, 1);
    }
  };
  const outcomes = watchOutcomes(findStatuses, (confirm) => {
    add(confirm, "declines");
  });
  return {
    windows: Object.values(windows),
    check: (confirm) => {
      for (const name of namesFor(confirm)) {
        const who = countedAs(name, confirm);
        const limit = limits[name];
        if (who === undefined || limit === 0 || windows[name].spent(who).amount < limit) continue;
        throw rateLimited({
          policy: `confirms-${name}`,
          message: MESSAGES[name],
          details: { limit, windowSeconds: WINDOW_MS / 1_000 },
          waitMs: windows[name].waitMs(who, limit),
        });
      }
    },
    count: (confirm) => {
      add(confirm, "confirms");
      if (confirm.isPublishable) outcomes.watch(confirm);
    },
    countRefused: (confirm) => {
      if (confirm.isPublishable) add(confirm, "confirms");
    },
    look: () => outcomes.look(),
    close: () => {
      outcomes.close();
    },
  };
}

interface Outcomes {
  watch(confirm: Confirm): void;
  look(): Promise<void>;
  close(): void;
}

/** Looks at payments until they are decided, and says which were declined. */
function watchOutcomes(findStatuses: FindStatuses, declined: (confirm: Confirm) => void): Outcomes {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  const end = (confirm: Confirm, wasDeclined: boolean): void => {
    watched.delete(subjectOf(confirm));
    if (wasDeclined) declined(confirm);
  };
  const look = async (): Promise<void> => {
    const merchants = new Map<string, Watched[]>();
    for (const confirm of watched.values()) {
      const others = merchants.get(confirm.merchantId);
      if (others) others.push(confirm);
      else merchants.set(confirm.merchantId, [confirm]);
    }
    for (const [merchantId, confirms] of merchants) {
      const ids = confirms.map(({ paymentIntentId }) => paymentIntentId);
      // What cannot be seen now is looked at the next time.
      const found = await findStatuses(merchantId, ids).catch(() => []);
      const statuses = new Map(found.map(({ id, status }) => [id, status]));
      for (const confirm of confirms) {
        // It may have been confirmed again meanwhile.
        if (watched.get(subjectOf(confirm)) !== confirm) continue;
        const status = statuses.get(confirm.paymentIntentId);
        if (isOver(confirm, status)) end(confirm, DECLINED.has(status ?? ""));
      }
    }
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    watch: (confirm) => {
      const before = watched.get(subjectOf(confirm));
      // Only what was declined can be confirmed again.
      if (before) end(before, true);
      if (watched.size >= WATCHED_MAX) return;
      watched.set(subjectOf(confirm), { ...confirm, atMs: performance.now() });
      timer ??= setInterval(() => void look(), LOOK_EVERY_MS).unref();
    },
    look,
    close: () => {
      clearInterval(timer);
      watched.clear();
    },
  };
}

function isDecline(name: ConfirmLimit): boolean {
  return name.endsWith("Declines");
}

/** What counts the confirmations that come from a merchant's server. */
const SERVERS: readonly ConfirmLimit[] = ["intent"];

/** Who is counted; undefined where this confirmation does not count. */
function countedAs(name: ConfirmLimit, confirm: Confirm): string | undefined {
  if (name === "intent") return subjectOf(confirm);
  switch (name) {
    case "address":
    case "addressDeclines":
      return confirm.address;
    case "keyDeclines":
      return confirm.key;
    case "paymentMethodDeclines":
      return confirm.paymentMethod === null
        ? undefined
        : `${confirm.merchantId} ${confirm.paymentMethod}`;
  }
}

function subjectOf({ merchantId, paymentIntentId }: Confirm): string {
  return `${merchantId} ${paymentIntentId}`;
}

/** Decided, or not worth a longer wait. */
function isOver({ atMs }: Watched, status: string | undefined): boolean {
  const isDecided = status !== undefined && !UNDECIDED.has(status);
  return isDecided || performance.now() - atMs > WINDOW_MS;
}
