import type { ProcessorKind } from "../kind";
import { createSandboxProcessor } from "./sandbox-processor";

/** Accounts of the sandbox network. Its address is the installation's to choose: no account can name another one. */
export function sandboxKind(baseUrl: string): ProcessorKind {
  return {
    name: "sandbox",
    apiVersion: null,
    credentials: ["secretKey"],
    connect: ({ credentials, webhookSecrets, timeoutMs }) =>
      createSandboxProcessor({
        baseUrl,
        secretKey: credentials["secretKey"],
        webhookSecrets,
        timeoutMs,
        connections: CONNECTIONS,
      }),
  };
}

// Of one account; there may be many.
const CONNECTIONS = 64;
