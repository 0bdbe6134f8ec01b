import {
  HOLD,
  RELEASE,
  type UnderWay,
  awaitStillness,
  findHold,
  holdMerchant,
  isStill,
  releaseMerchant,
} from "../merchants/hold-merchant";
import { EXIT } from "../process/run-process";
import { isId } from "../ids";
import { sensitiveIn } from "../security/sensitive";
import { type Call, type Command, UsageError } from "./command";
import { readDatabaseUrl, withDb } from "./database";
import { readDuration } from "./key-options";

type Values = Call["values"];

const EVERY_MS = 250;
const REASON_LENGTH_MAX = 500;

export const holdMerchantCommand: Command = {
  name: HOLD,
  summary: "refuses a merchant's changes until it is released, and begins nothing new for it",
  help: `Mutations of the merchant are answered with UNAVAILABLE and Retry-After; its reads go on. Nothing of it is sent,
looked up, posted or taken up by workers, and what is under way is settled. The command waits for that and says what
still is when its time is over; running it again waits on. The hold lasts until "merchants release", whatever is
started anew. The database is DATABASE_URL.

  --merchant ID     the merchant
  --reason TEXT     why, for the audit log, 1 to 500 characters
  --wait D          how long to wait for what is under way, 60s unless set`,
  options: {
    merchant: { type: "string" },
    reason: { type: "string" },
    wait: { type: "string", default: "60s" },
  },
  run: async ({ values, environment, say }) => {
    const merchantId = merchantIn(values);
    const reason = reasonIn(values);
    const patienceMs = readDuration(String(values["wait"]), "--wait") * 1_000;
    const { isNew, left } = await withDb(readDatabaseUrl(environment), async (db) => {
      const made = await holdMerchant(db, merchantId, reason);
      if (made === undefined) throw new UsageError(`There is no merchant ${merchantId}.`);
      say(made ? "It is held from now on." : "It was held already.");
      const waiting = { patienceMs, everyMs: EVERY_MS };
      return { isNew: made, left: await awaitStillness(db, merchantId, waiting) };
    });
    const still = isStill(left);
    return {
      json: { merchantId, isNew, still, left },
      text: still ? "Nothing of it is under way.\n" : `Under way: ${describe(left)}.\n`,
      exitCode: still ? 0 : EXIT.later,
    };
  },
};

export const releaseMerchantCommand: Command = {
  name: RELEASE,
  summary: "ends the hold of a merchant",
  help: `What was due meanwhile is found and begun by the workers. The database is DATABASE_URL.

  --merchant ID     the merchant`,
  options: { merchant: { type: "string" } },
  run: async ({ values, environment }) => {
    const merchantId = merchantIn(values);
    const wasHeld = await withDb(readDatabaseUrl(environment), async (db) => {
      if (await releaseMerchant(db, merchantId)) return true;
      if (!(await findHold(db, merchantId)).isElsewhere) return false;
      throw new Error(`${merchantId} is in another cell: what is here is a copy or a remnant.`);
    });
    const text = wasHeld ? "It is held no more.\n" : "It was not held.\n";
    return { json: { merchantId, wasHeld }, text };
  },
};

function merchantIn({ merchant }: Values): string {
  if (typeof merchant === "string" && isId("merchant", merchant)) return merchant;
  throw new UsageError("--merchant is required: a merchant's id, which begins with mer_.");
}

function reasonIn({ reason }: Values): string {
  const text = typeof reason === "string" ? reason.trim() : "";
  if (text === "" || [...text].length > REASON_LENGTH_MAX) {
    throw new UsageError("--reason is required: 1 to 500 characters.");
  }
  const found = sensitiveIn(text);
  if (found) throw new UsageError(`--reason looks like a ${found}.`);
  return text;
}

function describe({ attempts, deliveries, messages, writers }: UnderWay): string {
  return [
    `${String(attempts)} attempts at processors`,
    `${String(deliveries)} webhooks`,
    `${String(messages)} events to relay`,
    `${String(writers)} transactions`,
  ].join(", ");
}
