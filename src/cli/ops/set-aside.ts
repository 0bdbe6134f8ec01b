import type { SetAsideMessage } from "../../sdk/objects";
import { type Call, type Command, UsageError } from "../command";
import {
  DRY_RUN,
  DRY_RUN_HELP,
  OPS_HELP,
  OPS_OPTIONS,
  askApi,
  listOf,
  numberOf,
  readAll,
  required,
} from "./ask";
import { table } from "./table";

const LIST_DEFAULT = 50;
const RELEASED_MAX = 10_000;

function read(call: Call, max: number): Promise<SetAsideMessage[]> {
  return askApi(call, (client) => readAll((page) => client.setAsideMessages(page), max));
}

function messageTable(messages: readonly SetAsideMessage[]): string {
  return table(
    ["MESSAGE", "MERCHANT", "ABOUT", "TYPE", "SINCE", "TRIES", "LAST ERROR", "NEXT TRY"],
    messages.map((one) => [
      one.id,
      one.merchantId,
      one.eventId ?? one.attemptId ?? one.deliveryId,
      one.eventType,
      one.setAsideAt,
      one.tries,
      one.lastError,
      one.nextTryAt,
    ]),
  );
}

export const listSetAsideCommand: Command = {
  name: "ops set-aside list",
  summary: "lists messages of the outbox that relays died over",
  help: `Lists messages of the outbox that are set aside because relays died over them, newest first; of all merchants without
--merchant. It takes a platform operator's key. What has no next try waits for "ops set-aside release".
${OPS_HELP}
  --limit N         how many; ${String(LIST_DEFAULT)} by default`,
  options: { ...OPS_OPTIONS, limit: { type: "string" } },
  run: async (call) => {
    const setAsideMessages = await read(call, numberOf(call.values, "limit") ?? LIST_DEFAULT);
    return { json: { setAsideMessages }, text: messageTable(setAsideMessages) };
  },
};

/** What is named of what is set aside. */
function namedIn(
  messages: readonly SetAsideMessage[],
  ids: readonly string[] | undefined,
): SetAsideMessage[] {
  return messages.filter(({ id }) => ids === undefined || ids.includes(id));
}

export const releaseSetAsideCommand: Command = {
  name: "ops set-aside release",
  summary: "has messages that are set aside relayed again",
  help: `Has messages that are set aside relayed now, each alone: one that a relay dies over again is set aside again.
It takes a platform operator's key; with --all and without --merchant, those of all merchants are released.
${OPS_HELP}
  --ids LIST        these messages, separated by commas; at most 100
  --all             all that are set aside
  --reason TEXT     why; it is kept in the audit log
${DRY_RUN_HELP}`,
  options: {
    ...OPS_OPTIONS,
    ...DRY_RUN,
    ids: { type: "string" },
    all: { type: "boolean", default: false },
    reason: { type: "string" },
  },
  run: async (call) => {
    const { values } = call;
    const ids = listOf(values, "ids");
    const all = values["all"] === true;
    if (all === (ids !== undefined)) throw new UsageError("Give either --ids or --all.");
    const reason = required(values, "reason");
    if (values["dry-run"] === true) {
      const setAsideMessages = namedIn(await read(call, RELEASED_MAX), ids);
      const text = `Would be released:\n${messageTable(setAsideMessages)}`;
      return { json: { dryRun: true, setAsideMessages }, text };
    }
    const { count, hasMore } = await askApi(call, (client) =>
      client.releaseSetAsideMessages({ ids: ids ?? null, all, reason }),
    );
    const more = hasMore ? " There are more." : "";
    return { json: { count, hasMore }, text: `Released ${String(count)}.${more}\n` };
  },
};
