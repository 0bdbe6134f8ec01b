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
export const trustedProxies = z
  .string()
  .regex(
    new RegExp(`^${PROXY}(, *${PROXY})*$`),
    "must be addresses or networks such as 10.0.0.0/8 separated by commas; loopback, linklocal and uniquelocal are known by name",
  )
  .optional();

/** In any ten seconds. */
export const QUERY_COST = limitSet({ key: 1_000_000, tenant: 2_000_000, address: 2_000_000 });
/** In any ten seconds, in points: see points-of-mutation. */
export const MUTATIONS = limitSet({ key: 200_000, tenant: 400_000, address: 400_000 });
/** At the same time, in each process. */
export const CONCURRENCY = limitSet({ key: 500, tenant: 1_000, address: 1_000 });
/** In any minute, from one address. */
export const BAD_KEYS = limitSet({ address: 100 });
/** Of a merchant: altogether, and in any hour. */
export const ENDPOINTS = limitSet({ total: 50, hourly: 50 });
/** In any ten minutes. */
export const CONFIRMS = limitSet({
  intent: 20,
  address: 60,
  addressDeclines: 20,
  keyDeclines: 1_000,
  paymentMethodDeclines: 0,
});

export interface LimitSettings {
  readonly queryCost: LimitSet<Scope>;
  readonly mutations: LimitSet<Scope>;
  readonly concurrency: LimitSet<Scope>;
  readonly badKeys: LimitSet<"address">;
  readonly endpoints: LimitSet<"total" | "hourly">;
  readonly confirms: LimitSet<ConfirmLimit>;
}

export type Scope = "key" | "tenant" | "address";
export type ConfirmLimit =
  "intent" | "address" | "addressDeclines" | "keyDeclines" | "paymentMethodDeclines";
