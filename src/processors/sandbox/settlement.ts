import { z } from "zod";
import { CURRENCY_CODES } from "../../money";
import { redact } from "../../security/sensitive";
import {
  type DisputeNews,
  ListNotRead,
  type MovementPage,
  PAYOUT_LINE_KINDS,
  PAYOUT_STATUSES,
  type ProcessorDispute,
  type ProcessorMovement,
  type ProcessorPayout,
  type ProcessorPayoutLine,
  type SettlementLine,
  type StatementHeader,
} from "../processor";
import { faultOfDispute } from "../sound-dispute";
import type { Exchanged } from "../exchange";
import { toDisputeNews } from "./translate";

/*
 * The sandbox's list of movements and its settlement file, in their words. The file is CSV without quotes: a first line
 * that names the statement and its period, a line of column names, a line for each movement and each step of a dispute,
 * then each payout with its lines, and a last line with the number of all of these, without which the file is not whole.
 */

const KINDS = ["authorize", "capture", "refund", "void", "reverse"] as const;
const CURRENCIES: ReadonlySet<string> = new Set(CURRENCY_CODES);
// References are whatever somebody sent to the network: kept only as far as they can be told from card numbers.
const NAME = /^[\x21-\x7e]{1,255}$/;

const currency = z.string().refine((code) => CURRENCIES.has(code), "no currency");
const minorUnits = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const name = z.string().regex(NAME).transform(redact);

const movementShape = z.object({
  movement_id: name,
  kind: z.enum(KINDS),
  amount: minorUnits.min(1),
  currency,
  fee: minorUnits,
  reference: name,
  charge_id: name,
  at: z.iso.datetime(),
  fee_currency: currency.nullish(),
});

const pageShape = z.object({
  movements: z.array(movementShape),
  disputes: z.array(z.looseObject({ movement_id: name, reference: name })).default([]),
  next: z.string().nullable(),
});

export function toMovementPage(result: Exchanged): MovementPage {
  if (result.kind !== "answered") throw new Error(`the list was not answered: ${result.reason}`);
  if (result.status === 401) throw new ListNotRead("CREDENTIALS_REFUSED");
  if (result.status !== 200) throw new Error(`the list was answered with ${String(result.status)}`);
  const { movements, disputes, next } = pageShape.parse(JSON.parse(result.text));
  return { movements: movements.map(toMovement), disputes: disputes.map(toDispute), next };
}

interface DisputeStep {
  readonly movement_id: string;
  readonly reference: string;
}

function toDispute(given: DisputeStep): ProcessorDispute {
  const { movement_id: movementId, reference } = given;
  const news = toDisputeNews(given);
  if (!news || !isSoundDispute(news)) throw new Error("a dispute of the list cannot be read");
  return { movementId, reference, news };
}

function isSoundDispute(news: DisputeNews): boolean {
  const { processorDisputeId: id, currency: code } = news;
  return faultOfDispute(news) === undefined && NAME.test(id) && CURRENCIES.has(code);
}

function toMovement(given: z.infer<typeof movementShape>): ProcessorMovement {
  return {
    movementId: given.movement_id,
    kind: given.kind,
    amountMinor: given.amount,
    currency: given.currency,
    feeMinor: given.fee,
    reference: given.reference,
    chargeId: given.charge_id,
    movedAt: given.at,
    feeCurrency: given.fee_currency ?? null,
  };
}

// The last column came later.
const COLUMNS = /^movement_id,kind,amount,currency,fee,reference,charge_id,at(,fee_currency)?$/;

const FIRST = "settlement";
const VERSION = "1";
const LAST = "end";

export function readHeader(line: string): StatementHeader {
  const [first, version, statement = "", periodFrom = "", periodTo = "", ...rest] = line.split(",");
  const isWhole =
    first === FIRST &&
    version === VERSION &&
    rest.length === 0 &&
    NAME.test(statement) &&
    isMoment(periodFrom) &&
    isMoment(periodTo);
  if (!isWhole) throw new Error("this is no settlement file of the sandbox");
  return { statement: redact(statement), periodFrom, periodTo };
}

function isMoment(text: string): boolean {
  return z.iso.datetime().safeParse(text).success;
}

const WHOLE = /^\d{1,16}$/;
const AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/;

/** Checked by hand: a file has a million of them. */
export function readLine(line: string): SettlementLine | undefined {
  if (line === "" || COLUMNS.test(line)) return undefined;
  const fields = line.split(",");
  const other = readOther(line, fields);
  if (other) return other;
  if (fields.length === 2 && fields[0] === LAST && WHOLE.test(fields[1] ?? "")) {
    return { end: Number(fields[1]) };
  }
  check(line, fields, fields.length === FIELDS.length ? FIELDS : FIELDS_BEFORE);
  const [movementId, kind, amount, code, fee, reference, chargeId, movedAt] =
    fields as unknown as EightFields;
  return {
    movement: {
      movementId: redact(movementId),
      kind: kind as ProcessorMovement["kind"],
      amountMinor: Number(amount),
      currency: code,
      feeMinor: Number(fee),
      reference: redact(reference),
      chargeId: redact(chargeId),
      movedAt,
      feeCurrency: fields[8] || null,
    },
  };
}

/** What is no movement; undefined where it is one. */
function readOther(line: string, fields: readonly string[]): SettlementLine | undefined {
  const [kind = ""] = fields;
  const status = DISPUTE_KINDS.get(kind);
  if (status !== undefined) return { dispute: readDispute(line, fields, status) };
  if (kind === PAYOUT) return { payout: readPayout(line, fields) };
  if (kind === PAYOUT_LINE) return { payoutLine: readPayoutLine(line, fields) };
  return undefined;
}

function check(line: string, fields: readonly string[], are: readonly IsField[]): void {
  const isSound =
    fields.length === are.length && are.every((isField, at) => isField(fields[at] ?? ""));
  if (!isSound) throw new Error(`a line cannot be read: ${redact(line.slice(0, 200))}`);
}

const PAYOUT = "payout";
const PAYOUT_LINE = "payout_line";

const DISPUTE_KINDS: ReadonlyMap<string, string> = new Map([
  ["dispute", "open"],
  ["dispute_won", "won"],
  ["dispute_lost", "lost"],
]);

function readDispute(line: string, fields: readonly string[], status: string): ProcessorDispute {
  check(line, fields, DISPUTE_FIELDS);
  const [, movementId, id, amount, code, fee, reference] = fields as unknown as EightFields;
  const [reason = "", dueBy = "", openedAt = "", closedAt = ""] = fields.slice(8);
  const news = toDisputeNews({
    ...{ id: redact(id), status, amount: Number(amount), currency: code, fee: Number(fee), reason },
    ...{ evidence_due_by: dueBy || null, opened_at: openedAt, closed_at: closedAt || null },
  });
  if (!news || !isSoundDispute(news)) {
    throw new Error(`a line cannot be read: ${redact(line.slice(0, 200))}`);
  }
  return { movementId: redact(movementId), reference: redact(reference), news };
}

function readPayout(line: string, fields: readonly string[]): ProcessorPayout {
  check(line, fields, PAYOUT_FIELDS);
  const [, payoutId, status, amount, code, arrivesAt, changedAt, lines] =
    fields as unknown as EightFields;
  return {
    payoutId: redact(payoutId),
    status: status.toUpperCase() as ProcessorPayout["status"],
    amountMinor: Number(amount),
    currency: code,
    arrivesAt,
    changedAt,
    lines: Number(lines),
  };
}

function readPayoutLine(line: string, fields: readonly string[]): ProcessorPayoutLine {
  check(line, fields, PAYOUT_LINE_FIELDS);
  const [, payoutId, place, kind, amount, reference, movementId] = fields as unknown as EightFields;
  return {
    payoutId: redact(payoutId),
    line: Number(place),
    kind: kind.toUpperCase() as ProcessorPayoutLine["kind"],
    amountMinor: Number(amount),
    reference: redact(reference),
    movementId: redact(movementId),
  };
}

type EightFields = readonly [string, string, string, string, string, string, string, string];
type IsField = (text: string) => boolean;

const isName: IsField = (text) => NAME.test(text);

/** One for each column. */
const FIELDS: readonly IsField[] = [
  isName,
  (text) => KINDS.some((known) => known === text),
  (text) => isAmount(text, 1),
  (text) => CURRENCIES.has(text),
  (text) => isAmount(text, 0),
  isName,
  isName,
  (text) => AT.test(text),
  (text) => text === "" || CURRENCIES.has(text),
];
const FIELDS_BEFORE = FIELDS.slice(0, -1);

function isAmount(text: string, least: number): boolean {
  return WHOLE.test(text) && Number(text) >= least && Number.isSafeInteger(Number(text));
}

/** Below zero as well: what is taken back. */
const isSigned: IsField = (text) => /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
const isCount: IsField = (text) => /^\d{1,9}$/.test(text);
const isOneOf =
  (known: readonly string[]): IsField =>
  (text) =>
    known.includes(text.toUpperCase());

const isMomentOrNone: IsField = (text) => text === "" || AT.test(text);
const DISPUTE_FIELDS: readonly IsField[] = [
  isName,
  isName,
  isName,
  (text) => isAmount(text, 1),
  (text) => CURRENCIES.has(text),
  (text) => isAmount(text, 0),
  isName,
  isName,
  isName,
  isMomentOrNone,
  (text) => AT.test(text),
  isMomentOrNone,
];
const PAYOUT_FIELDS: readonly IsField[] = [
  isName,
  isName,
  isOneOf(PAYOUT_STATUSES),
  isSigned,
  (text) => CURRENCIES.has(text),
  (text) => AT.test(text),
  (text) => AT.test(text),
  isCount,
];
const PAYOUT_LINE_FIELDS: readonly IsField[] = [
  isName,
  isName,
  (text) => isCount(text) && Number(text) > 0,
  isOneOf(PAYOUT_LINE_KINDS),
  (text) => isSigned(text) && Number(text) !== 0,
  isName,
  isName,
];
