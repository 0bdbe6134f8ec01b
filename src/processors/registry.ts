import type { Processors } from "./processor";
import { createSandboxProcessor } from "./sandbox/sandbox-processor";

/** Every processor this installation is configured for, by name. */
export function createProcessors(config: {
  readonly sandboxUrl: string;
  readonly sandboxWebhookSecret: string | undefined;
  readonly timeoutMs: number;
}): Processors {
  const processors = [
    createSandboxProcessor({
      baseUrl: config.sandboxUrl,
      webhookSecret: config.sandboxWebhookSecret,
      timeoutMs: config.timeoutMs,
    }),
  ];
  return new Map(processors.map((processor) => [processor.name, processor]));
}
