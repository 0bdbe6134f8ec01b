/** A digest in hexadecimal, without digits: no search takes any part of it for a number. */
export function inLetters(hex: string): string {
  return hex.replace(/\d/g, (digit) => "ghijklmnop".charAt(Number(digit)));
}
