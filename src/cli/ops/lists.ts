import type { Command } from "../command";
import { OPS_HELP, OPS_OPTIONS, askApi, listOf, numberOf, readAll, textOf } from "./ask";
import { deliveryTable } from "./dead-letters";
import { table } from "./table";

const LIST_DEFAULT = 50;
const LIMIT = { limit: { type: "string" } } as const;
const LIMIT_HELP = `  --limit N         how many; ${String(LIST_DEFAULT)} by default`;

export const deliveriesCommand: Command = {
  name: "ops deliveries",
  summary: "lists webhook deliveries",
  help: `Lists webhook deliveries, newest first.
${OPS_HELP}
  --endpoint ID     addressed to this endpoint
  --event ID        carrying this event
  --statuses LIST   with one of these statuses, for example RETRYING,PAUSED
${LIMIT_HELP}`,
  options: {
    ...OPS_OPTIONS,
    ...LIMIT,
    endpoint: { type: "string" },
    event: { type: "string" },
    statuses: { type: "string" },
  },
  run: async (call) => {
    const { values } = call;
    const filter = {
      endpointId: textOf(values, "endpoint") ?? null,
      eventId: textOf(values, "event") ?? null,
      // What is no status, the API says.
      statuses: (listOf(values, "statuses") ?? null) as "DEAD"[] | null,
    };
    const webhookDeliveries = await askApi(call, (client) =>
      readAll(
        (page) => client.webhookDeliveries({ filter, ...page }),
        numberOf(values, "limit") ?? LIST_DEFAULT,
      ),
    );
    return { json: { webhookDeliveries }, text: deliveryTable(webhookDeliveries) };
  },
};

export const endpointsCommand: Command = {
  name: "ops endpoints",
  summary: "lists webhook endpoints",
  help: `Lists webhook endpoints, newest first.
${OPS_HELP}
${LIMIT_HELP}`,
  options: { ...OPS_OPTIONS, ...LIMIT },
  run: async (call) => {
    const webhookEndpoints = await askApi(call, (client) =>
      readAll(
        (page) => client.webhookEndpoints(page),
        numberOf(call.values, "limit") ?? LIST_DEFAULT,
      ),
    );
    const rows = webhookEndpoints.map(({ id, status, url, eventTypes, description }) => [
      id,
      status,
      url,
      eventTypes.join(",") || "all",
      description,
    ]);
    const headings = ["ENDPOINT", "STATUS", "URL", "TYPES", "DESCRIPTION"];
    return { json: { webhookEndpoints }, text: table(headings, rows) };
  },
};

export const eventsCommand: Command = {
  name: "ops events",
  summary: "reads the feed of events",
  help: `Reads the feed of events, oldest first, after a cursor. With --json the cursor to go on from is printed.
${OPS_HELP}
  --types LIST      of these types, separated by commas
  --after CURSOR    only what comes after it
${LIMIT_HELP}, at most 100`,
  options: { ...OPS_OPTIONS, ...LIMIT, types: { type: "string" }, after: { type: "string" } },
  run: async (call) => {
    const { values } = call;
    const page = await askApi(call, (client) =>
      client.events({
        filter: { types: (listOf(values, "types") ?? null) as [] | null },
        first: numberOf(values, "limit") ?? LIST_DEFAULT,
        after: textOf(values, "after") ?? null,
      }),
    );
    const events = page.edges.map(({ node }) => node);
    const rows = events.map((event) => [
      event.id,
      event.type,
      event.subjectId,
      event.sequence,
      event.createdAt,
    ]);
    const { endCursor } = page.pageInfo;
    return {
      json: { events, endCursor },
      text: table(["EVENT", "TYPE", "SUBJECT", "SEQUENCE", "CREATED"], rows),
    };
  },
};
