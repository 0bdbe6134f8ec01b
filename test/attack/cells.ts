import type { FailpointName } from "../../src/failpoints";
import type { Client } from "../../src/sdk/client";
import { codeOf, create, pay } from "./shop";
import type { Installation } from "./installation";
import { networkOf, settledWithin } from "./witness";

/** One cell of the matrix: a step at which a process is killed, and how the card network behaves meanwhile. */
export interface Cell {
  readonly failpoint: FailpointName;
  readonly behaviour: Behaviour;
  /** The mutation that meets the failpoint, for those that every mutation passes. */
  readonly at?: "create";
}

export const BEHAVIOURS = [
  "approve",
  "decline",
  "charged, answer lost",
  "hang past the timeout",
  "500 after charging",
  "webhook before answer",
] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

const DECLINED = "pm_card_chargeDeclined";
const APPROVED = "pm_card_visa";
const SHORTLY_HELD = "pm_card_holdForAMinute";
const AMOUNT = 2_500;
const PART = 400;

/** For what comes before the kill and is no part of what is looked at. */
const PATIENCE_MS = 300_000;

/** What came of a cell's payment, as it has to be. */
export interface Expected {
  readonly status: "SUCCEEDED" | "FAILED" | "REQUIRES_CAPTURE" | "CANCELED";
  readonly amountRefunded: number;
}

export interface Play {
  readonly intentId: string;
  readonly expected: Expected;
}

const OPERATIONS = {
  "capture.inside_transaction": "capture",
  "refund.inside_transaction": "refund",
  "cancel.inside_transaction": "void",
  "authorizations.inside_transaction": "capture",
} as const;

function operationOf({ failpoint }: Cell): "charge" | "capture" | "refund" | "void" {
  return failpoint in OPERATIONS ? OPERATIONS[failpoint as keyof typeof OPERATIONS] : "charge";
}

/** Mutations and the inbox run in the API; everything else in the worker. */
export function victimOf({ failpoint }: Cell): "api" | "worker" {
  const inApi = /^api\.|^(capture|refund|cancel|update)\.|^inbox\.after_store$/;
  return inApi.test(failpoint) ? "api" : "worker";
}

/** A sweep comes at once after the start, so the payment must be under way before it. */
export function isArmedLate({ failpoint }: Cell): boolean {
  return failpoint.startsWith("sweeper.");
}

/** Makes the network behave, and sees to it that the failpoint is on the payment's way. */
export async function setBehaviour(installation: Installation, cell: Cell): Promise<void> {
  const { behaviour, failpoint } = cell;
  const network = networkOf(installation);
  const operation = operationOf(cell);
  const first = behaviour === "webhook before answer";
  const looksUp = failpoint === "lookup.before_call" || failpoint === "lookup.after_call";
  await network.noFaults();
  await network.latency(5, 30);
  // Where a look-up is to happen, the webhook must leave it the time.
  const delayMs = first && looksUp ? 15_000 : 0;
  const enabled = first || failpoint.startsWith("inbox.");
  await network.webhooks({ enabled, delayMinMs: delayMs, delayMaxMs: delayMs });
  installation.proxies.processor?.delay("toClient", first && !looksUp ? 600 : 0);
  if (failpoint === "lookup.after_reverse") {
    await network.fault({ fault: "lose_request", rate: 1, count: 1, operation });
  }
  const fault = faultOf(behaviour) ?? (looksUp ? "lose_response" : undefined);
  if (fault) await network.fault({ fault, rate: 1, count: 1, operation });
}

function faultOf(behaviour: Behaviour): "lose_response" | "hang" | "error_after" | undefined {
  switch (behaviour) {
    case "charged, answer lost":
      return "lose_response";
    case "hang past the timeout":
      return "hang";
    case "500 after charging":
      return "error_after";
    case "approve":
    case "decline":
    case "webhook before answer":
      return undefined;
  }
}

export interface Stage {
  readonly installation: Installation;
  readonly client: Client;
  /** Puts the failpoint in place; whatever passes it from then on dies, once. */
  readonly arm: () => Promise<void>;
  readonly id: string;
}

/** Plays a cell's payment through, up to its last mutation. */
export async function play(cell: Cell, stage: Stage): Promise<Play> {
  const played = PLAYS[cell.failpoint as keyof typeof PLAYS] ?? playCharge;
  return played(cell, stage);
}

const PLAYS = {
  "capture.inside_transaction": playCapture,
  "refund.inside_transaction": playRefund,
  "cancel.inside_transaction": playCancel,
  "authorizations.inside_transaction": playExpiry,
  "update.inside_transaction": playUpdate,
};

async function playCharge(cell: Cell, { client, arm, id }: Stage): Promise<Play> {
  const declined = cell.behaviour === "decline";
  const order = { id, amount: AMOUNT, card: declined ? DECLINED : APPROVED };
  const confirmsFirst = isArmedLate(cell);
  if (cell.at === "create" || !(cell.failpoint.startsWith("api.") || confirmsFirst)) await arm();
  const intentId = await create(client, order);
  if (cell.failpoint.startsWith("api.") && cell.at !== "create") await arm();
  await pay(client, order);
  if (confirmsFirst) await arm();
  return { intentId, expected: { status: declined ? "FAILED" : "SUCCEEDED", amountRefunded: 0 } };
}

/** There are no declined captures; the verdict that a mutation stores in the same way is a refusal of ours. */
async function playCapture(cell: Cell, { client, arm, id, installation }: Stage): Promise<Play> {
  const refused = cell.behaviour === "decline";
  const intentId = await pay(client, { id, amount: AMOUNT, card: APPROVED, manual: true });
  await settledWithin(installation, PATIENCE_MS);
  await arm();
  const amount = refused ? AMOUNT + 1 : AMOUNT;
  const input = { paymentIntentId: intentId, amount };
  const code = await codeOf(
    client.capturePaymentIntent(input, { idempotencyKey: `${id}-capture` }),
  );
  mustBe(code, refused ? "AMOUNT_TOO_LARGE" : undefined);
  const status = refused ? "REQUIRES_CAPTURE" : "SUCCEEDED";
  return { intentId, expected: { status, amountRefunded: 0 } };
}

async function playRefund(cell: Cell, { client, arm, id, installation }: Stage): Promise<Play> {
  const refused = cell.behaviour === "decline";
  const intentId = await pay(client, { id, amount: AMOUNT, card: APPROVED });
  await settledWithin(installation, PATIENCE_MS);
  await arm();
  const input = { paymentIntentId: intentId, amount: refused ? AMOUNT + 1 : PART };
  const code = await codeOf(client.refundPaymentIntent(input, { idempotencyKey: `${id}-refund` }));
  mustBe(code, refused ? "AMOUNT_TOO_LARGE" : undefined);
  return { intentId, expected: { status: "SUCCEEDED", amountRefunded: refused ? 0 : PART } };
}

async function playCancel(cell: Cell, { client, arm, id, installation }: Stage): Promise<Play> {
  const refused = cell.behaviour === "decline";
  const intentId = await pay(client, { id, amount: AMOUNT, card: APPROVED, manual: !refused });
  await settledWithin(installation, PATIENCE_MS);
  await arm();
  const input = { paymentIntentId: intentId };
  const code = await codeOf(client.cancelPaymentIntent(input, { idempotencyKey: `${id}-cancel` }));
  mustBe(code, refused ? "INVALID_STATE" : undefined);
  return { intentId, expected: { status: refused ? "SUCCEEDED" : "CANCELED", amountRefunded: 0 } };
}

async function playUpdate(cell: Cell, { client, arm, id }: Stage): Promise<Play> {
  const refused = cell.behaviour === "decline";
  const order = { id, amount: AMOUNT, card: APPROVED };
  const paymentIntentId = await create(client, order);
  await arm();
  const input = { paymentIntentId, amount: PART, expectedVersion: refused ? 2 : 1 };
  const code = await codeOf(client.updatePaymentIntent(input, { idempotencyKey: `${id}-update` }));
  mustBe(code, refused ? "INVALID_STATE" : undefined);
  await pay(client, order);
  return { intentId: paymentIntentId, expected: { status: "SUCCEEDED", amountRefunded: 0 } };
}

/** A minute is less than the time before which a hold is seen to, so that is at once. Of declines there are none here. */
async function playExpiry(cell: Cell, { client, arm, id }: Stage): Promise<Play> {
  const voids = cell.behaviour === "decline";
  await arm();
  const policy = voids ? "VOID" : "CAPTURE";
  const order = { id, amount: AMOUNT, card: SHORTLY_HELD, manual: true, policy } as const;
  const intentId = await pay(client, order);
  return { intentId, expected: { status: voids ? "CANCELED" : "SUCCEEDED", amountRefunded: 0 } };
}

function mustBe(code: string | undefined, expected: string | undefined): void {
  if (code !== expected) throw new Error(`answered ${code ?? "OK"}, and not ${expected ?? "OK"}`);
}
