import type { Command } from "./command";
import { addCellCommand, assignCommand, listCellsCommand, mapCommand } from "./cells";
import { discardCommand, moveCommand } from "./cells-move";
import {
  checkpointKeysCommand,
  exportCheckpointsCommand,
  newCheckpointKeyCommand,
} from "./checkpoints";
import { createMerchantCommand } from "./create-merchant";
import { eraseLegacyCommand } from "./erase-legacy";
import { createKeyCommand } from "./keys-create";
import { listKeysCommand } from "./keys-list";
import { revokeKeyCommand } from "./keys-revoke";
import { rollKeyCommand } from "./keys-roll";
import { listenCommand } from "./listen";
import { holdMerchantCommand, releaseMerchantCommand } from "./merchants-hold";
import { migrateCommand } from "./migrate";
import { listBreaksCommand, resolveBreakCommand, showBreakCommand } from "./ops/breaks";
import { exportCommand } from "./ops/export";
import {
  discardLetterCommand,
  listLettersCommand,
  replayLetterCommand,
  showLetterCommand,
} from "./ops/dead-letters";
import { deliveriesCommand, endpointsCommand, eventsCommand } from "./ops/lists";
import { STEER_COMMANDS, listPlansCommand, planCommand } from "./ops/plans";
import { recoverCommand } from "./ops/recover";
import { listSetAsideCommand, releaseSetAsideCommand } from "./ops/set-aside";
import {
  listUnknownCommand,
  lookUpUnknownCommand,
  resolveUnknownCommand,
  showUnknownCommand,
} from "./ops/unknown";
import { verifyOpsCommand } from "./ops/verify";
import { reconcileCommand, reconcileOpsCommand } from "./reconcile";
import { rotateSecretsCommand } from "./rotate-secrets";
import { secretsStatusCommand } from "./secrets-status";
import { verifyCommand } from "./verify";

/** All of them, in the order in which they are needed. */
export const COMMANDS: readonly Command[] = [
  migrateCommand,
  createMerchantCommand,
  holdMerchantCommand,
  releaseMerchantCommand,
  createKeyCommand,
  listKeysCommand,
  rollKeyCommand,
  revokeKeyCommand,
  rotateSecretsCommand,
  secretsStatusCommand,
  eraseLegacyCommand,
  verifyCommand,
  reconcileCommand,
  exportCheckpointsCommand,
  checkpointKeysCommand,
  newCheckpointKeyCommand,
  addCellCommand,
  listCellsCommand,
  assignCommand,
  mapCommand,
  moveCommand,
  discardCommand,
  listenCommand,
  listLettersCommand,
  showLetterCommand,
  replayLetterCommand,
  planCommand,
  discardLetterCommand,
  recoverCommand,
  listPlansCommand,
  ...STEER_COMMANDS,
  deliveriesCommand,
  endpointsCommand,
  eventsCommand,
  listUnknownCommand,
  showUnknownCommand,
  lookUpUnknownCommand,
  resolveUnknownCommand,
  listSetAsideCommand,
  releaseSetAsideCommand,
  listBreaksCommand,
  showBreakCommand,
  resolveBreakCommand,
  reconcileOpsCommand,
  exportCommand,
  verifyOpsCommand,
];
