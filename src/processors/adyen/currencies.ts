import { currencyExponent } from "../../money";

/*
 * Our minor units are those of ISO 4217; Adyen's are its own for four currencies. A wrong factor moves a hundred times
 * the money, so only what is written here is sent, and whatever comes back is turned by the same table. What cannot be
 * said in the other's units is refused, never rounded.
 */
const CODES =
  "AED ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BMD BND BOB BRL BSD BWP BYN BZD CAD CHF CLP CNY COP CRC CUP CVE CZK " +
  "DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD ISK JMD JOD JPY " +
  "KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LYD MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR " +
  "NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SOS SRD STN SVC SZL THB TND TOP TRY " +
  "TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW";

export const ADYEN_CURRENCIES: ReadonlySet<string> = new Set(CODES.split(" "));

/** How many decimals Adyen counts, where ISO 4217 has others. */
const DECIMALS: ReadonlyMap<string, number> = new Map([
  ["CLP", 2],
  ["CVE", 0],
  ["IDR", 0],
  ["ISK", 2],
]);

export interface AdyenAmount {
  readonly value: number;
  readonly currency: string;
}

/** Of a currency that is theirs and ours; undefined where it is not. */
export function adyenDecimals(currency: string): number | undefined {
  if (!ADYEN_CURRENCIES.has(currency)) return undefined;
  return DECIMALS.get(currency) ?? currencyExponent(currency);
}

/** As Adyen is told it; undefined where it cannot be. */
export function toAdyenAmount(amountMinor: number, currency: string): AdyenAmount | undefined {
  const value = shifted(amountMinor, (adyenDecimals(currency) ?? 0) - exponentOf(currency));
  return ADYEN_CURRENCIES.has(currency) && value !== undefined ? { value, currency } : undefined;
}

/** In our minor units; undefined where that would be a fraction, or the currency is none of these. */
export function fromAdyenAmount({ value, currency }: AdyenAmount): number | undefined {
  if (!ADYEN_CURRENCIES.has(currency)) return undefined;
  return shifted(value, exponentOf(currency) - (adyenDecimals(currency) ?? 0));
}

function exponentOf(currency: string): number {
  return currencyExponent(currency) ?? 0;
}

/** By so many decimal places. */
function shifted(amount: number, places: number): number | undefined {
  const factor = 10 ** Math.abs(places);
  const turned = places < 0 ? amount / factor : amount * factor;
  return Number.isSafeInteger(amount) && Number.isSafeInteger(turned) ? turned : undefined;
}
