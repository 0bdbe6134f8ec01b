/*
 * How many decimal places a currency's minor unit has, by ISO 4217; two where nothing is said. Intl is not asked: it
 * rounds as shops do, and would show an amount in Hungarian forints a hundred times too large.
 */
const EXPONENTS: readonly (readonly [exponent: number, codes: string])[] = [
  [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
  [3, "BHD IQD JOD KWD LYD OMR TND"],
  [4, "CLF UYW"],
];

function exponentOf(currency: string): number {
  return EXPONENTS.find(([, codes]) => codes.split(" ").includes(currency))?.[0] ?? 2;
}

/** 2500 and "USD" give "$25.00", in the way of the language. */
export function formatAmount(
  { amount, currency }: { readonly amount: number; readonly currency: string },
  locale?: string,
): string {
  const exponent = exponentOf(currency);
  const format = new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    minimumFractionDigits: exponent,
    maximumFractionDigits: exponent,
  });
  return format.format(amount / 10 ** exponent);
}
