import { FAILURE_CODES } from "../../src/failures";
import type { FuzzRequest } from "./fuzz";
import { leaksIn } from "./leaks";

export interface Judged {
  /** OK, or the first error's code. */
  readonly code: string;
  /** What is wrong with the answer, if anything. */
  readonly fault: string | undefined;
}

const CODES: ReadonlySet<string> = new Set(FAILURE_CODES);
const EXTENSIONS = "code,details,requestId,retryAfterMs,retryable";

/** Asks, and says whether the answer is one that anybody may see. `secrets`: parts of what is somebody else's. */
export async function judge(
  url: string,
  request: FuzzRequest,
  secrets: readonly string[],
): Promise<Judged> {
  const response = await fetch(url, { method: "POST", ...request });
  const text = await response.text();
  const { code, fault } = read(response.status, text);
  const leaks = leaksIn(withoutEchoes(text, request));
  const told = secrets.filter((secret) => text.includes(secret));
  return {
    code,
    fault:
      fault ??
      (leaks.length > 0 ? `it shows ${leaks.join(", ")}` : undefined) ??
      (told.length > 0 ? "it shows what is somebody else's" : undefined),
  };
}

/** GraphQL's own messages quote the document, and an alias or a value may be any word. */
function withoutEchoes(text: string, { body }: FuzzRequest): string {
  return text.replace(/\\?"[^"\\]{1,200}\\?"/g, (quoted) =>
    body.includes(quoted.replace(/[\\"]/g, "")) ? '""' : quoted,
  );
}

interface Shown {
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions?: Record<string, unknown> }[];
}

function read(status: number, text: string): Judged {
  let body: Shown;
  try {
    body = JSON.parse(text) as Shown;
  } catch {
    return { code: "none", fault: `HTTP ${String(status)} with no JSON` };
  }
  const errors = body.errors ?? [];
  const codes = errors.map(({ extensions }) => String(extensions?.["code"]));
  const code = codes[0] ?? "OK";
  const isShaped = errors.every(
    ({ extensions }) =>
      Object.keys(extensions ?? {})
        .sort()
        .join() === EXTENSIONS,
  );
  const fault =
    // A busy machine may say that it is busy.
    (status >= 500 && code !== "UNAVAILABLE" ? `HTTP ${String(status)}` : undefined) ??
    (codes.includes("INTERNAL") ? "INTERNAL" : undefined) ??
    (codes.every((one) => CODES.has(one)) ? undefined : `the codes ${codes.join()}`) ??
    (isShaped ? undefined : "extensions of another shape") ??
    (body.data === undefined && errors.length === 0 ? "neither data nor errors" : undefined);
  return { code, fault };
}
