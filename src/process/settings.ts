import { randomUUID } from "node:crypto";
import { z } from "zod";

/** Settings from the environment: read, refused and described in one way by every program. */

/** What is configured cannot work, and trying again will not help. Its message is all that its reader needs. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export function wholeNumber(min: number, max: number, what = "a whole number") {
  const wanted = `must be ${what}, ${String(min)} to ${String(max)}`;
  return z
    .string()
    .regex(/^-?\d{1,15}$/, wanted)
    .transform(Number)
    .refine((value) => value >= min && value <= max, wanted);
}

export const port = wholeNumber(0, 65_535, "a port");
export const flag = z
  .enum(["true", "false"], "must be true or false")
  .transform((text) => text === "true");

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

export const CELL_NAME = /^[a-z][a-z0-9-]{0,30}$/;

/** What every program reads, whatever its purpose. */
export const PROCESS_SETTINGS = {
  LOG_LEVEL: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`)
    .default("info")
    .describe("the least severe level that is logged"),
  ONCEPAY_INSTANCE_ID: z
    .string()
    .regex(/^[\w-]{1,64}$/, "must be 1 to 64 letters, digits, - or _")
    .default(() => randomUUID())
    .meta({ shown: "a random one" })
    .describe("the name of this process in the answers of /health"),
  ONCEPAY_CELL: z
    .string()
    .regex(CELL_NAME, "must be a letter, then at most 30 letters, digits or -")
    .optional()
    .describe("the cell that this process belongs to, for its metrics and its log"),
  ONCEPAY_PORT_FALLBACK: flag
    .default(false)
    .describe("whether to listen on another port when the configured one is taken"),
  ONCEPAY_EXIT_WITH_PARENT: z.string().optional().describe("1 to exit when standard input closes"),
} as const;

export function parseSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: NodeJS.ProcessEnv,
  problems: readonly string[] = [],
): z.infer<z.ZodObject<Shape>> {
  // A variable that is set to nothing counts as not set, as in every shell script.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = z.object(shape).safeParse(given);
  const issues = (parsed.error?.issues ?? []).map(({ path, message }) => {
    const name = path.join(".");
    return `${name}: ${name in given ? message : `is not set (${descriptionOf(shape[name])})`}`;
  });
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(
      `The configuration is invalid.\n  ${[...problems, ...issues].join("\n  ")}`,
    );
  }
  return parsed.data;
}

function descriptionOf(setting: unknown): string {
  return (setting as z.ZodType | undefined)?.description ?? "required";
}

export interface SettingRow {
  readonly name: string;
  readonly description: string;
  /** As it could be set, "required", or nothing. */
  readonly shown: string;
}

export function settingRows(shape: z.ZodRawShape): SettingRow[] {
  return Object.entries(shape).map(([name, setting]) => ({
    name,
    description: descriptionOf(setting),
    shown: defaultOf(setting as z.ZodType),
  }));
}

/** For --help: every setting, with its default as it could be set. */
export function describeSettings(shape: z.ZodRawShape): string {
  const lines = settingRows(shape).map(
    ({ name, description, shown }) =>
      `  ${name.padEnd(32)}${description}${shown ? ` (${shown})` : ""}`,
  );
  return `Settings, from the environment:\n${lines.join("\n")}\n`;
}

function defaultOf(setting: z.ZodType): string {
  const shown = setting.meta()?.["shown"];
  if (typeof shown === "string") return `default ${shown}`;
  const parsed = setting.safeParse(undefined);
  if (!parsed.success) return "required";
  const data = parsed.data as string | number | boolean | readonly unknown[] | undefined;
  if (data === undefined || data === "" || (Array.isArray(data) && data.length === 0)) return "";
  return `default ${Array.isArray(data) ? data.join(",") : String(data)}`;
}
