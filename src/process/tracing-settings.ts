import { z } from "zod";
import { ConfigError } from "./settings";

/**
 * The settings that decide whether there is tracing. They are called what OpenTelemetry calls them, and so are all
 * others (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS and so on), which its packages read.
 */

const endpoint = z.url({
  protocol: /^https?$/,
  error: "must be an address such as http://host:4318",
});

export const TRACING_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint
    .optional()
    .describe("the OpenTelemetry collector that spans are sent to; without one nothing is traced"),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint
    .optional()
    .describe("the same for spans alone, with its whole path"),
  OTEL_EXPORTER_OTLP_PROTOCOL: z.string().optional().describe("http/json, if it is set"),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z.string().optional().describe("http/json, if it is set"),
  OTEL_TRACES_EXPORTER: z.string().default("otlp").describe("otlp, or none to trace nothing"),
  OTEL_SDK_DISABLED: z
    .string()
    .default("false")
    .transform((text) => text.toLowerCase() === "true")
    .meta({ shown: "false" })
    .describe("true to trace nothing"),
} as const;

type Settings = z.infer<z.ZodObject<typeof TRACING_SETTINGS>>;

export interface TracingConfig {
  readonly tracing: boolean;
}

export function tracingConfig(settings: Settings): TracingConfig {
  const hasEndpoint =
    settings.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined ||
    settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT !== undefined;
  const isWanted = settings.OTEL_TRACES_EXPORTER === "otlp" && !settings.OTEL_SDK_DISABLED;
  const tracing = hasEndpoint && isWanted;
  if (tracing) refuseOtherProtocols(settings);
  return { tracing };
}

/** A collector would be sent what it cannot read. */
function refuseOtherProtocols(settings: Settings): void {
  const names = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] as const;
  const name = names.find((given) => settings[given] !== undefined);
  if (!name || settings[name] === "http/json") return;
  throw new ConfigError(
    `The configuration is invalid.\n  ${name}: must be http/json, the only protocol that is spoken`,
  );
}
