import { z } from "zod";

/** Limits are set by what they count: `tenant=1000,key=off`. What is not named keeps its default; 0 or off is none. */
export type LimitSet<Name extends string> = Readonly<Record<Name, number>>;

export function limitSet<Name extends string>(defaults: LimitSet<Name>) {
  const names = Object.keys(defaults) as Name[];
  const wanted = `must be limits such as ${names[0] ?? ""}=100 separated by commas, each a whole number or off, for ${names.join(", ")}`;
  return z
    .string()
    .default("")
    .transform((text, context): LimitSet<Name> => {
      const limits: Record<Name, number> = { ...defaults };
      for (const part of text.split(",").filter((each) => each.trim() !== "")) {
        const [, name, value] = /^\s*(\w+)=(\d{1,12}|off)\s*$/.exec(part) ?? [];
        if (value === undefined || !names.includes(name as Name)) {
          context.addIssue(wanted);
          return z.NEVER;
        }
        limits[name as Name] = value === "off" ? 0 : Number(value);
      }
      return limits;
    })
    .meta({ shown: names.map((name) => `${name}=${shownAs(defaults[name])}`).join(",") });
}

function shownAs(limit: number): string {
  return limit === 0 ? "off" : String(limit);
}

const PROXY = String.raw`(loopback|linklocal|uniquelocal|[0-9A-Fa-f:.]+(/\d{1,3})?)`;

/**
 * Which proxies' word is taken for where a request comes from. Not a number of them: whoever reaches the API past the
 * proxy could then say what they like.
 */
const trustedProxies = z
  .string()
  .regex(
    new RegExp(`^${PROXY}(, *${PROXY})*$`),
    "must be addresses or networks such as 10.0.0.0/8 separated by commas; loopback, linklocal and uniquelocal are known by name",
  )
  .optional();

export const LIMIT_SETTINGS = {
  ONCEPAY_TRUST_PROXY: trustedProxies.describe(
    "the addresses and networks of the proxies in front of the API, whose X-Forwarded-For says where a request comes from; without it, that is the other end of the connection",
  ),
  ONCEPAY_LIMIT_QUERY_COST: limitSet({
    key: 1_000_000,
    tenant: 2_000_000,
    address: 2_000_000,
  }).describe("what queries may cost in any 10 seconds"),
  // In points: see points-of-mutation.
  ONCEPAY_LIMIT_MUTATIONS: limitSet({ key: 200_000, tenant: 400_000, address: 400_000 }).describe(
    "how many mutations in any 10 seconds: creating and confirming count 1, all others 5",
  ),
  ONCEPAY_LIMIT_CONCURRENCY: limitSet({ key: 500, tenant: 1_000, address: 1_000 }).describe(
    "how many requests at the same time, in each API process",
  ),
  ONCEPAY_LIMIT_BAD_KEYS: limitSet({ address: 100 }).describe(
    "how many invalid API keys an address may present in any minute",
  ),
  ONCEPAY_LIMIT_CONFIRMS: limitSet({
    intent: 20,
    address: 60,
    addressDeclines: 20,
    keyDeclines: 1_000,
    paymentMethodDeclines: 0,
  }).describe(
    "how many confirmations in any 10 minutes of a payment, and with publishable keys how many and how many declines; the sandbox's test cards are everybody's, so that no payment method is limited by default",
  ),
  ONCEPAY_LIMIT_SUBSCRIPTIONS: limitSet({ key: 5_000, secret: 10 }).describe(
    "how many subscriptions at the same time, in each API process, by API key and by a payment's client secret",
  ),
  ONCEPAY_LIMIT_ENDPOINTS: limitSet({ total: 50, hourly: 50 }).describe(
    "how many webhook endpoints a merchant may have, and create in any hour",
  ),
} as const;

type Settings = z.infer<z.ZodObject<typeof LIMIT_SETTINGS>>;

export interface LimitConfig {
  /** Addresses and networks. */
  readonly trustProxy: string | undefined;
  readonly limits: LimitSettings;
}

export function limitConfig(settings: Settings): LimitConfig {
  return {
    trustProxy: settings.ONCEPAY_TRUST_PROXY,
    limits: {
      queryCost: settings.ONCEPAY_LIMIT_QUERY_COST,
      mutations: settings.ONCEPAY_LIMIT_MUTATIONS,
      concurrency: settings.ONCEPAY_LIMIT_CONCURRENCY,
      badKeys: settings.ONCEPAY_LIMIT_BAD_KEYS,
      subscriptions: settings.ONCEPAY_LIMIT_SUBSCRIPTIONS,
      endpoints: settings.ONCEPAY_LIMIT_ENDPOINTS,
      confirms: settings.ONCEPAY_LIMIT_CONFIRMS,
    },
  };
}

export interface LimitSettings {
  readonly queryCost: LimitSet<Scope>;
  readonly mutations: LimitSet<Scope>;
  readonly concurrency: LimitSet<Scope>;
  readonly badKeys: LimitSet<"address">;
  readonly subscriptions: LimitSet<"key" | "secret">;
  readonly endpoints: LimitSet<"total" | "hourly">;
  readonly confirms: LimitSet<ConfirmLimit>;
}

export type Scope = "key" | "tenant" | "address";
export type ConfirmLimit =
  "intent" | "address" | "addressDeclines" | "keyDeclines" | "paymentMethodDeclines";
