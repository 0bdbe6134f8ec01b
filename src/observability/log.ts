import { type Logger, destination, pino, stdTimeFunctions } from "pino";
import { redact } from "../security/sensitive";
import { describeError } from "./describe-error";

export type Log = Logger;

/**
 * What may be logged, by name: ids, outcomes, counts and places. Inputs, headers and secrets have no field, and what has
 * none is left out, whoever passes it; `unlisted` names it, so that it is noticed. Card numbers and secrets are struck
 * out even so, because a reason may quote what somebody sent.
 */
export const LOG_FIELDS: ReadonlySet<string> = new Set([
  "name",
  "requestId",
  "method",
  "route",
  "status",
  "ms",
  "path",
  "merchantId",
  "apiKeyId",
  "processor",
  "accountId",
  "attemptId",
  "deliveryId",
  "endpointId",
  "eventId",
  "outcome",
  "resolution",
  "reason",
  "processor",
  "kind",
  "currency",
  "difference",
  "queue",
  "loop",
  "count",
  "dropped",
  "missing",
  "roles",
  "workerId",
  "dueInMs",
  "url",
  "instance",
  "cell",
  "signal",
]);
const ERROR_FIELDS: ReadonlySet<string> = new Set(["err", "error"]);

const TEXT_MAX = 2_000;
const ITEMS_MAX = 100;

/** JSON lines on standard output, or in a file. */
export function createLog(name: string, level: string, file?: string): Log {
  const options = {
    name,
    level,
    base: { name },
    timestamp: stdTimeFunctions.isoTime,
    // Ours are plain objects already.
    serializers: { err: (described: unknown) => described },
    formatters: { log: listed, bindings: listed },
    hooks: { logMethod },
  };
  return file === undefined
    ? pino(options)
    : pino(options, destination({ dest: file, sync: true, append: true, mkdir: true }));
}

function listed(fields: Record<string, unknown>): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  const unlisted: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (ERROR_FIELDS.has(name)) shown[name] = isDescribed(value) ? value : describeError(value);
    else if (LOG_FIELDS.has(name)) shown[name] = plain(value);
    else unlisted.push(redact(name));
  }
  if (unlisted.length > 0) shown["unlisted"] = unlisted;
  return shown;
}

/** By describeError, whose every text is redacted. */
function isDescribed(value: unknown): boolean {
  return Object.getPrototypeOf(Object(value)) === Object.prototype && "type" in Object(value);
}

/** Numbers, yes and no, texts, and lists of them: nothing that has fields of its own. */
function plain(value: unknown): unknown {
  if (typeof value === "string") return redact(redact(value).slice(0, TEXT_MAX));
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map(plain);
  return typeof value === "object" && value !== null ? undefined : value;
}

/** The words may be those of a library's error. */
function logMethod(this: Logger, args: unknown[], method: (...args: never[]) => void): void {
  const [first, second] = args;
  const isText = typeof first === "string";
  const fields = isText ? {} : asFields(first);
  const words = isText ? first : typeof second === "string" ? second : "";
  const written: unknown[] = [fields, plain(words)];
  method.apply(this, written as never[]);
}

function asFields(given: unknown): object {
  const { message } = Object(given) as { message?: unknown };
  if (typeof message === "string") return { err: describeError(given) };
  return typeof given === "object" && given !== null ? given : {};
}
