import type { Log } from "../observability/log";
import { ConfigError } from "../process/settings";
import { adyenKind } from "./adyen/kind";
import { guardProcessor } from "./guard";
import type { Processors } from "./processor";
import type { ProcessorKinds } from "./kind";
import { sandboxKind } from "./sandbox/kind";
import { createSandboxProcessor } from "./sandbox/sandbox-processor";
import { stripeKind } from "./stripe/kind";

/** Every kind of processor that merchants can connect accounts of, by name. */
export function createProcessorKinds(config: {
  readonly sandboxUrl: string;
  readonly stripeUrl: string;
  readonly adyenUrl: string | undefined;
}): ProcessorKinds {
  const kinds = [
    sandboxKind(config.sandboxUrl),
    stripeKind(config.stripeUrl),
    adyenKind(config.adyenUrl),
  ];
  return new Map(kinds.map((kind) => [kind.name, kind]));
}

/** Every processor this installation is configured for, by name. */
export function createProcessors(config: {
  readonly sandboxUrl: string;
  readonly sandboxWebhookSecret: string | undefined;
  readonly timeoutMs: number;
  readonly processorRate?: number;
  readonly log?: Log;
}): Processors {
  const { processorRate: callsPerSecond = 0, log } = config;
  const onBreaker = (processor: string, isOpen: boolean): void => {
    const said = isOpen ? "a processor is left alone: it does not answer" : "a processor answers";
    log?.warn({ processor }, said);
  };
  const processors = [
    createSandboxProcessor({
      baseUrl: config.sandboxUrl,
      ...(config.sandboxWebhookSecret !== undefined && {
        webhookSecrets: [config.sandboxWebhookSecret],
      }),
      timeoutMs: config.timeoutMs,
    }),
  ];
  return new Map(
    processors.map((processor) => [
      processor.name,
      guardProcessor(processor, { callsPerSecond, onBreaker }),
    ]),
  );
}

export function assertRegistered(processors: Processors, name: string): void {
  if (processors.has(name)) return;
  const names = [...processors.keys()].join(", ");
  throw new ConfigError(
    `The configuration is invalid.\n  ONCEPAY_DEFAULT_PROCESSOR: there is no processor called ${name}; known processors: ${names}`,
  );
}
