import type { Log } from "../observability/log";
import { guardProcessor } from "./guard";
import type { Processors } from "./processor";
import { createSandboxProcessor } from "./sandbox/sandbox-processor";

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
      webhookSecret: config.sandboxWebhookSecret,
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
