import { redact } from "../security/sensitive";

const TEXT_MAX = 2_000;
const CAUSES_MAX = 3;

/**
 * An error for the log and for whoever else keeps it: named fields that help to find the bug, and nothing else of it.
 * Postgres repeats values in its details, and Knex the statement in its message; neither is taken over.
 */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!isErrorLike(error)) return { type: typeof error, message: "", stack: "" };
  const { name, stack, code, constraint, table, routine, cause } = error;
  const isTold = cause !== undefined && depth < CAUSES_MAX;
  return {
    type: textOf(name) ?? "Error",
    message: messageOf(error),
    code: textOf(code),
    constraint: textOf(constraint),
    table: textOf(table),
    routine: textOf(routine),
    stack: framesOf(stack),
    ...(isTold && { cause: describeError(cause, depth + 1) }),
  };
}

export interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly code?: string | undefined;
  readonly constraint?: string | undefined;
  readonly table?: string | undefined;
  readonly routine?: string | undefined;
  readonly cause?: DescribedError;
}

type ErrorLike = Readonly<Record<string, unknown>> & { readonly message: string };

/** An Error of another realm, such as Node's under Jest, is no instance of ours. */
function isErrorLike(error: unknown): error is ErrorLike {
  const { message } = Object(error) as { message?: unknown };
  return typeof error === "object" && typeof message === "string";
}

const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;
const SQL_STATE = /^[0-9A-Z]{5}$/;

function messageOf({ message, code }: ErrorLike): string {
  if (typeof code !== "string" || !SQL_STATE.test(code)) return textOf(message) ?? "";
  // "invalid input syntax for type json: …": what follows is what was sent.
  if (DATA_EXCEPTION.test(code)) return "a value was refused";
  return textOf(message.slice(message.lastIndexOf(" - ") + 1).replace(/^- /, "")) ?? "";
}

/** Where it happened. The lines before the frames repeat the message. */
function framesOf(stack: unknown): string {
  const lines = typeof stack === "string" ? stack.split("\n") : [];
  return textOf(lines.filter((line) => /^\s+at /.test(line)).join("\n")) ?? "";
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  return redact(redact(String(value)).slice(0, TEXT_MAX));
}

/** For those who store the errors that they catch: it says where and of what kind, and no words of anybody. */
export function withoutWords(error: unknown): Error {
  const { type, code, stack } = describeError(error);
  const bland = new Error(code === undefined ? type : `${type} ${code}`);
  bland.stack = `${bland.message}\n${stack}`;
  return bland;
}
