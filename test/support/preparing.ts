import type { Processor, ProcessorRequest } from "../../src/processors/processor";
import { createSandboxProcessor } from "../../src/processors/sandbox/sandbox-processor";
import type { TestApp } from "./app";
import { PATIENCE_MS } from "./patience";

export const PREPARES = "sandbox_prepares";

/** Puts the sandbox that prepares beside the other one; gives what was sent through it, and a way to come between. */
export function addPreparing(t: TestApp): {
  readonly real: Processor;
  readonly sent: ProcessorRequest[];
  readonly between: (overrides: Partial<Processor>) => void;
} {
  const real = createSandboxProcessor({
    baseUrl: t.sandbox.url,
    timeoutMs: PATIENCE_MS,
    prepares: true,
  });
  const sent: ProcessorRequest[] = [];
  const recorded: Processor = {
    ...real,
    send: (request) => {
      sent.push(request);
      return real.send(request);
    },
  };
  const between = (overrides: Partial<Processor>): void => {
    (t.app.processors as Map<string, Processor>).set(PREPARES, { ...recorded, ...overrides });
  };
  between({});
  return { real, sent, between };
}
