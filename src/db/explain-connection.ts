/** Why a database cannot be connected to, in words that name what to change and never the password. */
export function explainConnection(databaseUrl: string, error: unknown): string {
  const { hostname, port, username, pathname } = new URL(databaseUrl);
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
