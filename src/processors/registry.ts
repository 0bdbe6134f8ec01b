import type { Processor } from "./processor";
import { createSandboxProcessor } from "./sandbox/sandbox-processor";

/** Every processor this installation is configured for, by name. */
export function createProcessors(config: {
  readonly sandboxUrl: string;
  readonly timeoutMs: number;
}): ReadonlyMap<string, Processor> {
  const processors = [
    createSandboxProcessor({ baseUrl: config.sandboxUrl, timeoutMs: config.timeoutMs }),
  ];
  return new Map(processors.map((processor) => [processor.name, processor]));
}
