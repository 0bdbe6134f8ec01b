import type { Command } from "./command";
import { createMerchantCommand } from "./create-merchant";
import { eraseLegacyCommand } from "./erase-legacy";
import { migrateCommand } from "./migrate";
import { verifyCommand } from "./verify";

/** All of them, in the order in which they are needed. */
export const COMMANDS: readonly Command[] = [
  migrateCommand,
  createMerchantCommand,
  verifyCommand,
  eraseLegacyCommand,
];
