/**
 * What every answer says to browsers. Pages of ours loosen the policy for themselves. HSTS is left to whoever
 * terminates TLS, who alone knows whether all of the name is served over it.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};
