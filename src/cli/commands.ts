import type { Command } from "./command";
import { createMerchantCommand } from "./create-merchant";
import { migrateCommand } from "./migrate";
import { rotateSecretsCommand } from "./rotate-secrets";
import { secretsStatusCommand } from "./secrets-status";
import { verifyCommand } from "./verify";

/** All of them, in the order in which they are needed. */
export const COMMANDS: readonly Command[] = [
  migrateCommand,
  createMerchantCommand,
  verifyCommand,
  rotateSecretsCommand,
  secretsStatusCommand,
];
