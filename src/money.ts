/**
 * Money is an integer number of a currency's minor unit, at most 2^53 - 1, so that it is exact as a
 * JSON number in every client. A JavaScript number holds it exactly; sums that could pass that
 * bound (account balances) are made in Postgres, in `numeric`.
 */
export function isMinorUnits(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
/**
 * The currencies of ISO 4217 that are in force, by the number of decimal places of their minor
 * unit. It is written out, never taken from Intl: Intl follows how shops round prices, and so
 * disagrees with ISO 4217, and with every card network, for HUF, COP, IDR and more than a dozen
 * others. A wrong exponent moves a hundred times the money. Codes that begin with X are left out (metals, test codes,
 * drawing rights), except for the five that are real money.
 */
const CODES_BY_EXPONENT: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  2:
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD " +
    "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP " +
    "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK " +
    "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO " +
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS " +
    "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST " +
    "XCD XCG YER ZAR ZMW ZWG",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

// A map, not an object: looking up "constructor" must find nothing.
const exponents: ReadonlyMap<string, number> = new Map(
  Object.entries(CODES_BY_EXPONENT).flatMap(([exponent, codes]) =>
    codes.split(" ").map((code): [string, number] => [code, Number(exponent)]),
  ),
);

/** Every code, in alphabetical order. */
export const CURRENCY_CODES: readonly string[] = Object.freeze([...exponents.keys()].sort());

/** How many decimal places the minor unit has, or undefined when the code is none of ours. */
export function currencyExponent(code: string): number | undefined {
  return exponents.get(code);
}

export function isCurrency(code: string): boolean {
  return exponents.has(code);
}

/**
 * An amount as people write it: 2500 and "USD" give "25.00 USD". For logs and pages only; it works
 * on the digits, so that no amount passes through a binary fraction.
 */
export function formatMinor(amountMinor: number | bigint, currency: string): string {
  const exponent = exponents.get(currency);
  if (exponent === undefined) throw new RangeError("formatMinor: the currency is not known");
  // BigInt() refuses fractions, NaN and infinities, which no amount may be.
  const amount = BigInt(amountMinor);
  const digits = (amount < 0n ? -amount : amount).toString().padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = exponent === 0 ? "" : `.${digits.slice(-exponent)}`;
  return `${amount < 0n ? "-" : ""}${whole}${fraction} ${currency}`;
}
