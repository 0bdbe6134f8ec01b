import type { Client } from "../../sdk/client";
import type { DeadLetterFilter } from "../../sdk/inputs";
import type { WebhookDelivery } from "../../sdk/objects";
import type { Call } from "../command";
import { listOf, momentOf, readAll, textOf } from "./ask";
import { table } from "./table";

/** Which letters a command is about: the same options for all of them. */

export const LETTER_OPTIONS = {
  endpoint: { type: "string" },
  types: { type: "string" },
  causes: { type: "string" },
  since: { type: "string" },
  until: { type: "string" },
} as const;

export const LETTER_HELP = `  --endpoint ID     addressed to this endpoint
  --types LIST      carrying events of these types, separated by commas
  --causes LIST     that failed for these causes, for example TIMEOUT,SERVER_ERROR
  --since T         that died since then: 2026-11-21T08:00:00Z, or so long ago: 90m, 12h, 3d
  --until T         that died before then`;

type Filter = Omit<DeadLetterFilter, "replayState" | "eventId">;

export function letterFilter(values: Call["values"]): Filter {
  const filter = {
    endpointId: textOf(values, "endpoint"),
    types: listOf(values, "types"),
    causes: listOf(values, "causes"),
    diedAfter: momentOf(values, "since"),
    diedBefore: momentOf(values, "until"),
  };
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** As many as a plan may have. */
const COUNTED_MAX = 25_000;

export interface LetterCounts {
  readonly letters: number;
  readonly endpoints: Readonly<Record<string, number>>;
  readonly causes: Readonly<Record<string, number>>;
}

/** What a plan would be about, found by reading only. */
export async function countLetters(client: Client, filter: Filter): Promise<LetterCounts> {
  const found = await readAll((page) => client.deadLetters({ filter, ...page }), COUNTED_MAX);
  const by = (nameOf: (letter: WebhookDelivery) => string): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const letter of found) {
      const name = nameOf(letter);
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  return {
    letters: found.length,
    endpoints: by(({ endpointId }) => endpointId),
    causes: by(({ cause }) => cause ?? "OTHER"),
  };
}

export function countsText({ letters, endpoints, causes }: LetterCounts): string {
  const rows = [...Object.entries(endpoints), ...Object.entries(causes)];
  return `${String(letters)} letters.\n${rows.length > 0 ? table(["BY", "LETTERS"], rows) : ""}`;
}
