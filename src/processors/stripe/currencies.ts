import { currencyExponent } from "../../money";

/*
 * Our minor units are those of ISO 4217; Stripe's "smallest currency unit" is something else for some currencies. A
 * wrong factor moves a hundred times the money, so only what is written here is sent, and whatever comes back is turned
 * by the same table. What cannot be said in the other's units is refused, never rounded.
 */
const CODES =
  "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY COP CRC " +
  "CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JOD JPY " +
  "KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO " +
  "NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TND " +
  "TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW";

export const STRIPE_CURRENCIES: ReadonlySet<string> = new Set(CODES.split(" "));

/** Stripe has hundredths of these, which have none any more. */
const HUNDREDFOLD: ReadonlySet<string> = new Set(["ISK", "UGX"]);

/** Stripe has whole ones only of this one. */
const HUNDREDTH: ReadonlySet<string> = new Set(["MGA"]);

const THREE_DECIMALS = 3;

export interface StripeAmount {
  readonly amount: number;
  readonly currency: string;
}

/** As Stripe is told it; undefined where it cannot be. */
export function toStripeAmount(amountMinor: number, currency: string): StripeAmount | undefined {
  if (!STRIPE_CURRENCIES.has(currency) || !Number.isSafeInteger(amountMinor)) return undefined;
  const amount = inTheirUnits(amountMinor, currency);
  return Number.isSafeInteger(amount) ? { amount, currency: currency.toLowerCase() } : undefined;
}

function inTheirUnits(amountMinor: number, currency: string): number {
  if (HUNDREDFOLD.has(currency)) return amountMinor * 100;
  if (HUNDREDTH.has(currency)) return amountMinor % 100 === 0 ? amountMinor / 100 : Number.NaN;
  // Thousandths are taken, but no network moves them: the last digit has to be 0.
  const isMoved = currencyExponent(currency) !== THREE_DECIMALS || amountMinor % 10 === 0;
  return isMoved ? amountMinor : Number.NaN;
}

/** In our minor units; undefined where that would be a fraction, or the currency is none of these. */
export function fromStripeAmount(amount: number, theirs: string): number | undefined {
  const currency = theirs.toUpperCase();
  if (!STRIPE_CURRENCIES.has(currency) || !Number.isSafeInteger(amount)) return undefined;
  const ours = HUNDREDFOLD.has(currency)
    ? amount / 100
    : HUNDREDTH.has(currency)
      ? amount * 100
      : amount;
  return Number.isSafeInteger(ours) ? ours : undefined;
}
