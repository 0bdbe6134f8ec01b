import type { Client } from "../../sdk";
import { waitUntil } from "../wait-until";
import type { DevState } from "../dev-files";
import type { Shop } from "./shop";

/** What each party says happened. The demo succeeds only if they all say the same. */
export interface Accounts {
  readonly intents: readonly IntentLine[];
  readonly movementsExpected: number;
  readonly movementsAtNetwork: number;
  readonly eventsWritten: number;
  readonly eventsVerified: number;
  readonly rejected: number;
  readonly balanced: boolean;
  readonly currencies: readonly {
    currency: string;
    debits: string;
    credits: string;
    difference: string;
  }[];
}

export interface IntentLine {
  readonly id: string;
  readonly scene: string;
  readonly status: string;
  readonly amount: number;
  readonly amountCaptured: number;
  readonly amountRefunded: number;
  readonly attempts: readonly { id: string; operation: string; status: string }[];
  readonly events: readonly { id: string }[];
}

interface Listed<Node> {
  readonly edges: readonly { readonly node: Node }[];
}

type AskedIntent = Omit<IntentLine, "scene" | "attempts" | "events"> & {
  readonly attempts: Listed<IntentLine["attempts"][number]>;
  readonly events: Listed<IntentLine["events"][number]>;
};

function nodesOf<Node>({ edges }: Listed<Node>): Node[] {
  return edges.map(({ node }) => node);
}

const INTENT = `query DemoIntent($id: ID!) {
  paymentIntent(id: $id) {
    id status amount amountCaptured amountRefunded
    attempts(first: 100) { edges { node { id operation status } } }
    events(first: 100) { edges { node { id } } }
  }
}`;

const DELIVERED_WITHIN_MS = 20_000;

export async function askEverybody(
  client: Client,
  shop: Shop,
  state: Pick<DevState, "sandboxUrl" | "webhookReceiverUrl">,
): Promise<Accounts> {
  const intents = await Promise.all(
    shop.intents.map(async ({ id, scene }) => {
      const { paymentIntent } = await client.query<{ paymentIntent: AskedIntent }>(INTENT, { id });
      const { attempts, events, ...amounts } = paymentIntent;
      return { ...amounts, scene, attempts: nodesOf(attempts), events: nodesOf(events) };
    }),
  );
  const attempts = intents.flatMap((line) => line.attempts);
  const references = new Set(attempts.map(({ id }) => id));
  const { movements } = await getJson<{ movements: { reference: string }[] }>(
    `${state.sandboxUrl}/admin/movements`,
  );
  const written = new Set(intents.flatMap((line) => line.events.map(({ id }) => id)));
  const received = await untilReceived(state.webhookReceiverUrl, written);
  const { balanced, currencies } = await client.trialBalance();
  return {
    intents,
    // Every attempt that succeeded moved money (or gave a hold back) once; no other one moved anything.
    movementsExpected: attempts.filter(({ status }) => status === "SUCCEEDED").length,
    movementsAtNetwork: movements.filter(({ reference }) => references.has(reference)).length,
    eventsWritten: written.size,
    ...received,
    balanced,
    currencies,
  };
}

interface Received {
  readonly rejected: number;
  readonly events: readonly { id: string }[];
}

async function untilReceived(
  receiverUrl: string,
  written: ReadonlySet<string>,
): Promise<{ eventsVerified: number; rejected: number }> {
  const url = new URL("/received", receiverUrl).href;
  let last: Received = { rejected: 0, events: [] };
  const ours = (): number =>
    new Set(last.events.map(({ id }) => id).filter((id) => written.has(id))).size;
  await waitUntil(
    async () => {
      last = await getJson<Received>(url);
      return ours() === written.size;
    },
    { timeoutMs: DELIVERED_WITHIN_MS },
  );
  return { eventsVerified: ours(), rejected: last.rejected };
}

async function getJson<Body>(url: string): Promise<Body> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${String(response.status)}`);
  return (await response.json()) as Body;
}

/** What does not agree, in words; empty if all is well. */
export function disagreements(accounts: Accounts): string[] {
  const found: string[] = [];
  const check = (what: string, ours: number, theirs: number): void => {
    if (ours !== theirs) found.push(`${what}: ${String(ours)} against ${String(theirs)}`);
  };
  check(
    "money movements, by our attempts and by the network's books",
    accounts.movementsExpected,
    accounts.movementsAtNetwork,
  );
  check(
    "events, written and received with a good signature",
    accounts.eventsWritten,
    accounts.eventsVerified,
  );
  check("webhooks with a bad signature", 0, accounts.rejected);
  if (!accounts.balanced) found.push("the trial balance is not zero");
  return found;
}
