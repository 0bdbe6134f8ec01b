import { parseAddresses } from "./addresses";
import { NoPrimary } from "./primary-client";

/** Why a database cannot be connected to, in words that name what to change and never the password. */
export function explainConnection(databaseUrl: string, error: unknown): string {
  if (error instanceof NoPrimary) return error.message;
  const urls = parseAddresses(databaseUrl)?.urls ?? [databaseUrl];
  const { hostname, port, username, pathname } = new URL(urls[0] ?? databaseUrl);
  if (urls.length > 1) return `no server can be used: ${(error as Error).message}`;
  const address = `${hostname || "localhost"}:${port || "5432"}`;
  const user = decodeURIComponent(username);
  const name = decodeURIComponent(pathname.slice(1));
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code ?? "") {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `there is no host called ${hostname}`;
    case "ECONNREFUSED":
      return `nothing listens at ${address}`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${address} does not answer`;
    case "28P01":
      return `the server at ${address} does not accept the password of the user ${user}`;
    case "28000":
      return `the server at ${address} does not let the user ${user} in (${message})`;
    case "3D000":
      return `the server at ${address} has no database called ${name}; "createdb ${name}" makes one`;
    default:
      return /timeout/i.test(message) ? `${address} does not answer` : `${address}: ${message}`;
  }
}
