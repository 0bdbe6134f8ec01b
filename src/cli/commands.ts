import type { Command } from "./command";
import { createMerchantCommand } from "./create-merchant";
import { eraseLegacyCommand } from "./erase-legacy";
import { createKeyCommand } from "./keys-create";
import { listKeysCommand } from "./keys-list";
import { revokeKeyCommand } from "./keys-revoke";
import { rollKeyCommand } from "./keys-roll";
import { migrateCommand } from "./migrate";
import { verifyCommand } from "./verify";

/** All of them, in the order in which they are needed. */
export const COMMANDS: readonly Command[] = [
  migrateCommand,
  createMerchantCommand,
  verifyCommand,
  eraseLegacyCommand,
  createKeyCommand,
  listKeysCommand,
  rollKeyCommand,
  revokeKeyCommand,
  verifyCommand,
];
