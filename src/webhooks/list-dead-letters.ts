import { type Db, run } from "../db/db";
import {
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";
import { type LetterFilter, type ReplayState, lettersLike } from "./dead-letter";
import type { WebhookDelivery } from "./delivery";
import { DELIVERY_COLUMNS } from "./delivery-store";

export interface DeadLetterFilter extends LetterFilter {
  /** NOT_REPLAYED when absent: what was seen to leaves the list. */
  readonly replayState?: ReplayState | null | undefined;
}

interface LetterList {
  readonly filter?: DeadLetterFilter | null | undefined;
  readonly page: PageArguments;
}

/** Deliveries that have no tries left and wait for a person, newest first; of all merchants where none is named. */
export async function listDeadLetters(
  db: Db,
  merchantId: string | null,
  { filter, page }: LetterList,
): Promise<Page<WebhookDelivery>> {
  return readPage<WebhookDelivery, string>(
    {
      ...byId("webhookDelivery"),
      fetch: (request) => fetchLetters(db, merchantId, { filter: filter ?? {}, request }),
    },
    page,
  );
}

/** In the text, not in a parameter: the index of letters that wait is partial. */
const REPLAYED: Readonly<Record<ReplayState, string>> = {
  NOT_REPLAYED: "and d.replayed_as is null",
  REPLAYED: "and d.replayed_as is not null",
  ANY: "",
};

interface Source {
  readonly name: string;
  readonly text: string;
  readonly bindings: readonly string[];
}

function sourceOf(merchantId: string | null, eventId: string | null | undefined): Source {
  if (merchantId === null) return { name: "everywhere", text: "webhook_deliveries", bindings: [] };
  if (eventId == null) {
    const text = "(select * from webhook_deliveries where merchant_id = ?)";
    return { name: "all", text, bindings: [merchantId] };
  }
  // Those of an event are few: they are read as a whole, behind a fence (see planner.ts).
  const text = `(
      select * from webhook_deliveries where merchant_id = ? and event_id = ? offset 0)`;
  return { name: "of_event", text, bindings: [merchantId, eventId] };
}

async function fetchLetters(
  db: Db,
  merchantId: string | null,
  list: { readonly filter: DeadLetterFilter; readonly request: PageRequest<string> },
): Promise<WebhookDelivery[]> {
  const { filter, request } = list;
  const { beyond, order } = IN_SQL[request.direction];
  const state = filter.replayState ?? "NOT_REPLAYED";
  const source = sourceOf(merchantId, filter.eventId);
  const like = lettersLike(source.name === "of_event" ? { ...filter, eventId: null } : filter);
  const where = like.texts.map((text) => `and ${text}`).join(" ");
  const beyondFrom = request.from === undefined ? "" : `and d.id ${beyond} ?`;
  const text = `
    select ${DELIVERY_COLUMNS} from ${source.text} d
    where d.status = 'DEAD' ${REPLAYED[state]} ${where} ${beyondFrom}
    order by d.id ${order} limit ?`;
  const bindings = [
    ...source.bindings,
    ...like.values,
    ...(request.from === undefined ? [] : [request.from]),
    request.limit,
  ];
  if (like.names.length > 0) {
    // Not prepared: there are more combinations of filters than a connection should remember statements.
    const result = await db.raw<{ rows: WebhookDelivery[] }>(text, bindings as string[]);
    return result.rows;
  }
  const from = request.from === undefined ? "end" : "from";
  return run(
    db,
    { name: ["list_dead_letters", source.name, state, order, from].join("_"), text },
    bindings,
  );
}
