import { type TestAnswer, type TestApi, makeIntent, newKey } from "../support/api";
import type { Act, Batch, History } from "./history";
import { type Bank, decide, dispute, endHolds, expire, hearAll, nearlyExpire } from "./outside";
import { type Request, changed, requestOf, stepOf } from "./requests";
import {
  type Judged,
  type Shadow,
  type Step,
  capturable,
  created,
  judge,
  refundable,
  settled,
  taken,
} from "./shadow";

/** A payment that is played with, beside what it must be: more than one thing where two requests raced. */
interface Played {
  readonly id: string;
  readonly history: History;
  shadows: readonly Shadow[];
  readonly made: Made[];
  readonly bank: Bank;
  /** Whether anything was done to it since it was last looked at. */
  isTouched: boolean;
}

interface Made {
  readonly request: Request;
  readonly code: string;
  readonly result: unknown;
}

/** Throws where an answer, or what came of it, is not what the shadows allow. Returns how much was seen in suspense. */
export async function play(api: TestApi, batch: Batch): Promise<number> {
  let held = 0;
  const played = await Promise.all(batch.histories.map((history) => begin(api, history)));
  const rounds = Math.max(...batch.histories.map(({ acts }) => acts.length));
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(
      played.map(async (one) => {
        const act = one.history.acts[round];
        if (!act) return;
        one.isTouched = true;
        await perform(api, one, act);
      }),
    );
    if (batch.settles[round]) held += await settle(api, played);
  }
  for (const one of played) one.isTouched = true;
  held += await settle(api, played);
  await compareBooks(api, played);
  return held;
}

async function begin(api: TestApi, history: History): Promise<Played> {
  const { amount, currency, manual, card, policy } = history.setup;
  const { id } = await makeIntent(api, {
    amount,
    currency,
    captureMethod: manual ? "MANUAL" : "AUTOMATIC",
    ...(manual && { authorizationExpiryPolicy: policy }),
    paymentMethod: card,
  });
  const bank: Bank = { disputes: [], unheard: [] };
  return { id, history, shadows: [created(history.setup)], made: [], bank, isTouched: true };
}

async function perform(api: TestApi, one: Played, act: Act): Promise<void> {
  const earlier = one.made;
  if (act.act === "race") {
    const steps = [act.first, act.second].map((each) => stepOf(each, one.history.setup) as Step);
    const codes = await Promise.all(steps.map((step) => take(api, one, step)));
    return agree(one, act, inEitherOrder(one.shadows, steps, codes));
  }
  if (act.act === "repeat" || act.act === "reuse") {
    const made = earlier[act.which % earlier.length];
    if (made) await (act.act === "repeat" ? repeat(api, made) : reuse(api, made));
    return;
  }
  const step = stepOf(act, one.history.setup) as Step;
  const code = await take(api, one, step);
  agree(
    one,
    act,
    one.shadows.flatMap((shadow) => allows(judge(shadow, step), code)),
  );
}

const allows = ({ verdict, next }: Judged, code: string): Shadow[] =>
  verdict === code ? [next] : [];

function inEitherOrder(
  shadows: readonly Shadow[],
  [first, second]: readonly Step[],
  [firstCode, secondCode]: readonly string[],
): Shadow[] {
  const inOrder = (one: Step, oneCode: string, other: Step, otherCode: string): Shadow[] =>
    shadows
      .flatMap((shadow) => allows(judge(shadow, one), oneCode))
      .flatMap((shadow) => allows(judge(shadow, other), otherCode));
  if (!first || !second || firstCode === undefined || secondCode === undefined) return [];
  return [
    ...inOrder(first, firstCode, second, secondCode),
    ...inOrder(second, secondCode, first, firstCode),
  ];
}

function agree(one: Played, act: Act, shadows: readonly Shadow[]): void {
  if (shadows.length === 0) {
    const answers = one.made.slice(-2).map(({ request, code }) => `${request.mutation}: ${code}`);
    throw new Error(
      `${one.id}: ${JSON.stringify(act)} was answered wrongly (${answers.join(", ")}) in ${JSON.stringify(one.shadows)}`,
    );
  }
  one.shadows = distinct(shadows);
}

function distinct(shadows: readonly Shadow[]): Shadow[] {
  return [...new Map(shadows.map((shadow) => [JSON.stringify(shadow), shadow])).values()];
}

/** Does one step, and says how it was answered: "done", or a code. */
async function take(api: TestApi, one: Played, step: Step): Promise<string> {
  if (step.do === "authenticate") {
    await authenticate(api, one.id, step.ending);
    return "done";
  }
  if (step.do === "dispute") {
    const isPaid = one.shadows.every(({ captured }) => captured > 0);
    return isPaid ? dispute(api, one, step) : "refused";
  }
  if (step.do === "decide") return decide(api, one.bank, step);
  if (step.do === "expire") return expire(api, one.id);
  if (step.do === "nearly expire") return nearlyExpire(api, one.id);
  const request = requestOf(step, one.id, newKey()) as Request;
  const answer = await ask(api, request);
  const code = codeOf(answer);
  one.made.push({ request, code, result: answer.data?.[request.mutation]?.paymentIntent });
  return code;
}

const ask = (api: TestApi, { query, input, key }: Request): Promise<TestAnswer> =>
  api.send({ query, variables: { input, key } });

const codeOf = ({ error }: TestAnswer): string =>
  error ? String(error.extensions["code"]) : "done";

async function repeat(api: TestApi, { request, code, result }: Made): Promise<void> {
  const answer = await ask(api, request);
  expect(codeOf(answer)).toBe(code);
  if (answer.error) return;
  const payload = answer.data[request.mutation];
  expect(payload.idempotency.status).toBe("REPLAYED");
  expect(payload.paymentIntent).toEqual(result);
}

async function reuse(api: TestApi, { request }: Made): Promise<void> {
  expect(codeOf(await ask(api, changed(request)))).toBe("IDEMPOTENCY_KEY_REUSED");
}

const CHALLENGE =
  "query ($id: ID!) { paymentIntent(id: $id) { nextAction { ... on RedirectToUrl { redirectUrl } } } }";

/** As the shopper's browser does it, at the network. */
async function authenticate(api: TestApi, id: string, ending: string): Promise<void> {
  const { data } = await api.send({ query: CHALLENGE, variables: { id } });
  const url: string | undefined = data.paymentIntent.nextAction?.redirectUrl;
  if (url === undefined) return;
  const { status } = await fetch(`${url}/${ending}`, { method: "POST", redirect: "manual" });
  if (status >= 400) throw new Error(`the challenge was answered with ${String(status)}`);
}

const ROUNDS_MAX = 30;

/** As many as are shown at a time. */
const AT_A_TIME = 100;

/** Lets workers and the processor finish, through whatever answers are lost, and looks at what came of it. */
async function settle(api: TestApi, played: readonly Played[]): Promise<number> {
  let held = 0;
  for (let round = 0; ; round += 1) {
    await api.drain();
    const waiting = await api.db("attempts").whereIn("status", ["QUEUED", "SENT", "UNKNOWN"]);
    // Once more at the end, for the shoppers: what they did is found by looking.
    held += await compareSuspense(api, played);
    if (waiting.length === 0 && round > 0) break;
    if (round > ROUNDS_MAX) throw new Error(`${String(waiting.length)} attempts do not settle`);
    await api.makeDue();
  }
  await endHolds(api);
  await Promise.all(played.map(({ bank }) => hearAll(api, bank)));
  const touched = played.filter(({ isTouched }) => isTouched);
  for (const one of touched) one.shadows = distinct(one.shadows.flatMap(settled));
  for (let from = 0; from < touched.length; from += AT_A_TIME) {
    await compare(api, touched.slice(from, from + AT_A_TIME));
  }
  return held;
}

const SUSPENSE = `
  select a.id as "id", a.operation as "operation", a.status as "status", a.amount as "amount",
    coalesce(s.held, 0)::bigint as "held"
  from attempts a
  left join (
    select j.source_id, sum(case when c.kind = 'SUSPENSE' then p.amount else -p.amount end) as held
    from journals j
    join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id and p.pending
    join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
    join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
    where j.payment_intent_id = any(?) and 'SUSPENSE' in (c.kind, d.kind)
    group by j.source_id
  ) s on s.source_id = a.id
  where a.payment_intent_id = any(?) and (a.status = 'UNKNOWN' or s.held is not null)`;

interface MayHaveMoved {
  readonly id: string;
  readonly operation: string;
  readonly status: string;
  readonly amount: number;
  readonly held: number;
}

const SIGNS: Readonly<Record<string, number>> = { charge: 1, capture: 1, refund: -1 };

/** What is held in suspense for each attempt, between the answers; returns for how many it is something. */
async function compareSuspense(api: TestApi, played: readonly Played[]): Promise<number> {
  const ids = played.map(({ id }) => id);
  const { rows } = await api.db.raw<{ rows: MayHaveMoved[] }>(SUSPENSE, [ids, ids]);
  const due = rows.map((row) => {
    const sign = row.status === "UNKNOWN" ? (SIGNS[row.operation] ?? 0) : 0;
    return { ...row, held: sign * row.amount };
  });
  expect(rows).toEqual(due);
  return rows.filter(({ held }) => held !== 0).length;
}

const STATES = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on PaymentIntent {
  id status amount amountAuthorized amountCapturable amountCaptured amountRefunded amountRefundable
  amountDisputed
  allowedActions { action allowed }
} } }`;

async function compare(api: TestApi, played: readonly Played[]): Promise<void> {
  const ids = played.map(({ id }) => id);
  const { data, error } = await api.send({ query: STATES, variables: { ids } });
  if (error) throw new Error(error.message);
  for (const [n, one] of played.entries()) {
    const shown = data.nodes[n] as object;
    const fitting = one.shadows.filter((shadow) => isShownAs(shadow, one.id, shown));
    // Said of the first, where none fits: then it is a difference that can be read.
    if (fitting.length === 0) expect(shown).toEqual(shownAs(one.shadows[0] as Shadow, one.id));
    one.shadows = fitting;
    one.isTouched = false;
  }
}

function isShownAs(shadow: Shadow, id: string, shown: object): boolean {
  return JSON.stringify(shown) === JSON.stringify(shownAs(shadow, id));
}

function shownAs(is: Shadow, id: string): object {
  const may = (action: string, step: Step) => ({
    action,
    allowed: judge(is, step).verdict === "done",
  });
  return {
    id,
    status: is.status,
    amount: is.amount,
    amountAuthorized: is.authorized,
    amountCapturable: capturable(is),
    amountCaptured: is.captured,
    amountRefunded: is.refunded,
    amountRefundable: refundable(is),
    amountDisputed: is.disputed,
    allowedActions: [
      may("CONFIRM", { do: "confirm", card: "pm_card_visa" }),
      may("CAPTURE", { do: "capture", amount: null, final: true }),
      may("CANCEL", { do: "cancel" }),
      may("REFUND", { do: "refund", amount: null }),
      may("UPDATE", { do: "update", amount: 1 }),
    ],
  };
}

const REFERENCES = "select id, payment_intent_id from attempts where payment_intent_id = any(?)";

const BOOKED = `
  select j.payment_intent_id as "id",
    coalesce(sum(p.amount) filter (where j.kind = 'capture' and c.kind = 'MERCHANT_BALANCE'
      and not p.pending), 0)::text as "captured",
    coalesce(sum(p.amount) filter (where j.kind = 'refund'), 0)::text as "refunded",
    coalesce(sum(case when c.kind = 'MERCHANT_BALANCE' then p.amount else -p.amount end)
      filter (where p.pending and 'SUSPENSE' not in (c.kind, d.kind)), 0)::text as "held",
    coalesce(sum(case when c.kind = 'SUSPENSE' then p.amount else -p.amount end)
      filter (where 'SUSPENSE' in (c.kind, d.kind)), 0)::text as "inSuspense",
    coalesce(sum(case when c.kind = 'DISPUTES' then p.amount else -p.amount end)
      filter (where 'DISPUTES' in (c.kind, d.kind)), 0)::text as "inDispute",
    coalesce(sum(p.amount) filter (where j.kind = 'dispute_lost'), 0)::text as "lost"
  from journals j
  join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
  join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
  join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
  where j.payment_intent_id = any(?)
  group by j.payment_intent_id`;

/** What the card network says it moved for each payment, and what the ledger says, against the shadow. */
async function compareBooks(api: TestApi, played: readonly Played[]): Promise<void> {
  const ids = played.map(({ id }) => id);
  const [references, booked, movements, disputes] = await Promise.all([
    api.db.raw<{ rows: { id: string; payment_intent_id: string }[] }>(REFERENCES, [ids]),
    api.db.raw<{ rows: Booked[] }>(BOOKED, [ids]),
    api.movements(),
    api.sandbox.disputes(),
  ]);
  const intentOf = new Map(references.rows.map((row) => [row.id, row.payment_intent_id]));
  const moved = new Map(ids.map((id) => [id, { captured: 0, refunded: 0 }]));
  const captures = movements.filter(({ kind }) => kind === "capture");
  const capturing = new Set(captures.map(({ reference }) => reference));
  for (const { kind, amount, reference } of movements) {
    const sums = moved.get(intentOf.get(reference) ?? "");
    if (!sums) continue;
    if (kind === "capture") sums.captured += amount;
    if (kind === "refund") sums.refunded += amount;
    // A charge that was taken back counts for nothing; a hold never counted.
    if (kind === "reverse" && capturing.has(reference)) sums.captured -= amount;
  }
  const disputed = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { reference, amount, status } of disputes) {
    disputed.get(intentOf.get(reference) ?? "")?.push(`${String(amount)} ${status}`);
  }
  const ledger = new Map(booked.rows.map((row) => [row.id, row]));
  for (const { id, shadows } of played) {
    const [is] = shadows as [Shadow];
    expect({ id, ...moved.get(id) }).toEqual({
      id,
      captured: is.captured,
      refunded: is.refunded,
    });
    const known = is.disputes.map(({ amount, status }) => `${String(amount)} ${status}`);
    expect({ id, disputed: disputed.get(id)?.sort() }).toEqual({ id, disputed: known.sort() });
    expect({ ...NOTHING, ...ledger.get(id), id }).toEqual({
      id,
      captured: String(is.captured),
      refunded: String(is.refunded),
      held: String(is.status === "REQUIRES_CAPTURE" ? is.authorized - is.captured : 0),
      // Everything has been answered, and nothing moved that was not asked for.
      inSuspense: "0",
      inDispute: String(amountOf(is, "open")),
      lost: String(amountOf(is, "lost")),
    });
    expect(taken(is)).toBe(is.disputed);
  }
}

const amountOf = ({ disputes }: Shadow, status: string): number =>
  disputes.reduce((sum, one) => sum + (one.status === status ? one.amount : 0), 0);

const NOTHING = {
  captured: "0",
  refunded: "0",
  held: "0",
  inSuspense: "0",
  inDispute: "0",
  lost: "0",
};

type Booked = typeof NOTHING & { readonly id: string };
