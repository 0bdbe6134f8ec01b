import type { WebhookDelivery } from "../../sdk/objects";
import type { Command } from "../command";
import {
  DRY_RUN,
  DRY_RUN_HELP,
  OPS_HELP,
  OPS_OPTIONS,
  askApi,
  nodeOf,
  numberOf,
  readAll,
  required,
  textOf,
} from "./ask";
import { LETTER_HELP, LETTER_OPTIONS, letterFilter } from "./letter-filter";
import { fields, table } from "./table";

const LIST_DEFAULT = 50;

export function deliveryTable(deliveries: readonly WebhookDelivery[]): string {
  const areOfOne = new Set(deliveries.map(({ merchantId }) => merchantId)).size <= 1;
  return table(
    [
      ...(areOfOne ? [] : ["MERCHANT"]),
      ...["DELIVERY", "ENDPOINT", "STATUS", "TRIES", "LAST", "WHY", "UPDATED"],
    ],
    deliveries.map((one) => [
      ...(areOfOne ? [] : [one.merchantId]),
      one.id,
      one.endpointId,
      one.status,
      one.tries,
      one.statusCode,
      one.cause ?? one.error,
      one.updatedAt,
    ]),
  );
}

export const listLettersCommand: Command = {
  name: "ops dead-letters list",
  summary: "lists dead letters that wait for somebody",
  help: `Lists dead letters, newest first: deliveries whose attempts have all failed. Those that were replayed are left out.
With a platform operator's key and without --merchant, those of all merchants are listed.
${OPS_HELP}
${LETTER_HELP}
  --replayed STATE  NOT_REPLAYED, REPLAYED or ANY
  --limit N         how many; ${String(LIST_DEFAULT)} by default`,
  options: {
    ...OPS_OPTIONS,
    ...LETTER_OPTIONS,
    replayed: { type: "string" },
    limit: { type: "string" },
  },
  run: async (call) => {
    const { values } = call;
    const replayState = textOf(values, "replayed") as "ANY" | undefined;
    const filter = { ...letterFilter(values), ...(replayState && { replayState }) };
    const deadLetters = await askApi(call, (client) =>
      readAll(
        (page) => client.deadLetters({ filter, ...page }),
        numberOf(values, "limit") ?? LIST_DEFAULT,
      ),
    );
    return { json: { deadLetters }, text: deliveryTable(deadLetters) };
  },
};

const ID_HELP = "  --id ID           the delivery's id";
const ID_OPTION = { id: { type: "string" } } as const;

export const showLetterCommand: Command = {
  name: "ops dead-letters show",
  summary: "shows all that is known of one delivery",
  help: `Shows all that is known of one delivery.
${OPS_HELP}
${ID_HELP}`,
  options: { ...OPS_OPTIONS, ...ID_OPTION },
  run: async (call) => {
    const delivery = await nodeOf(call, "WebhookDelivery", "delivery");
    return { json: { ...delivery }, text: fields(delivery) };
  },
};

export const replayLetterCommand: Command = {
  name: "ops dead-letters replay",
  summary: "delivers the event of one dead letter again",
  help: `Delivers the event of one dead letter again, as a new delivery with the same bytes and the same webhook-id.
${OPS_HELP}
${ID_HELP}
  --force           also when it has been delivered, or replayed before
${DRY_RUN_HELP}`,
  options: { ...OPS_OPTIONS, ...ID_OPTION, ...DRY_RUN, force: { type: "boolean", default: false } },
  run: async (call) => {
    const { values } = call;
    if (values["dry-run"] === true) {
      const delivery = await nodeOf(call, "WebhookDelivery", "delivery");
      return { json: { dryRun: true, delivery }, text: `Would be replayed:\n${fields(delivery)}` };
    }
    const deliveryId = required(values, "id");
    const force = values["force"] === true;
    const { webhookDelivery } = await askApi(call, (client) =>
      client.replayWebhookDelivery({ deliveryId, force }),
    );
    return { json: { ...webhookDelivery }, text: `Replayed as ${webhookDelivery.id}.\n` };
  },
};

export const discardLetterCommand: Command = {
  name: "ops dead-letters discard",
  summary: "decides that one delivery will not be delivered",
  help: `Decides that one delivery will not be attempted any more, and says why. It can still be replayed.
${OPS_HELP}
${ID_HELP}
  --reason TEXT     why; it is kept with the delivery and in the audit log
${DRY_RUN_HELP}`,
  options: { ...OPS_OPTIONS, ...ID_OPTION, ...DRY_RUN, reason: { type: "string" } },
  run: async (call) => {
    const { values } = call;
    const reason = required(values, "reason");
    if (values["dry-run"] === true) {
      const delivery = await nodeOf(call, "WebhookDelivery", "delivery");
      return { json: { dryRun: true, delivery }, text: `Would be discarded:\n${fields(delivery)}` };
    }
    const deliveryId = required(values, "id");
    const { webhookDelivery } = await askApi(call, (client) =>
      client.discardWebhookDelivery({ deliveryId, reason }),
    );
    return { json: { ...webhookDelivery }, text: `Discarded ${webhookDelivery.id}.\n` };
  },
};
