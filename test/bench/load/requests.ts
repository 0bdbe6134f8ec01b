import { randomUUID } from "node:crypto";

/** What the load generator asks. Query texts never change, so that the server parses each of them once. */

export type Operation = "typename" | "create" | "confirm" | "replay" | "cancel" | "query" | "list";

export interface Created {
  readonly id: string;
  readonly key: string;
  /** Which of the merchants it belongs to. */
  readonly merchant: number;
}

export interface RequestPlan {
  readonly operation: Operation;
  /** One secret key for each merchant; they take turns. */
  readonly apiKeys: readonly string[];
  /** confirm uses each of these up; replay, query and list choose at random. */
  readonly payments?: readonly Created[];
  /** cancel asks for each of them so often, one after the other. */
  readonly copies?: number;
}

/** A request's bytes, all of them ASCII, and what an answer to it makes known. */
export interface PreparedRequest {
  readonly text: string;
  readonly created?: { readonly key: string; readonly merchant: number };
}

export const CREATE = `mutation Create($input: CreatePaymentIntentInput!, $key: String!) {
  createPaymentIntent(input: $input, idempotencyKey: $key) {
    paymentIntent { id status amount currency createdAt }
    idempotency { status firstSeenAt }
  }
}`;

export const CONFIRM = `mutation Confirm($id: ID!, $key: String!) {
  confirmPaymentIntent(input: { paymentIntentId: $id }, idempotencyKey: $key) {
    paymentIntent { id status amount currency createdAt }
    idempotency { status firstSeenAt }
  }
}`;

const CANCEL = `mutation Cancel($id: ID!, $key: String!) {
  cancelPaymentIntent(input: { paymentIntentId: $id }, idempotencyKey: $key) {
    paymentIntent { id status amount currency createdAt }
    idempotency { status firstSeenAt }
  }
}`;

const QUERY = `query One($id: ID!) {
  paymentIntent(id: $id) { id status amount currency amountCaptured amountRefunded createdAt }
}`;

const LIST = `query List {
  paymentIntents(first: 20) {
    edges { cursor node { id status amount currency createdAt } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const INPUT = {
  amount: 2_599,
  currency: "USD",
  paymentMethod: "pm_card_visa",
  merchantReference: "order-2026-0001",
  metadata: { cart: "a1b2c3" },
};

/** Gives the next request each time it is called; undefined when there is nothing left to ask. */
export function createRequests(plan: RequestPlan): () => PreparedRequest | undefined {
  const { apiKeys, payments = [] } = plan;
  const heads = apiKeys.map(headFor);
  const head = (merchant: number): string => heads[merchant % heads.length] ?? "";
  let count = -1;
  switch (plan.operation) {
    case "typename":
      return () => ({ text: post(head(0), "{ __typename }", {}) });
    case "create":
      return () => {
        count += 1;
        const [key, merchant] = [randomUUID(), count % apiKeys.length];
        return { text: createRequest(head(merchant), key), created: { key, merchant } };
      };
    case "confirm":
      return () => {
        count += 1;
        const payment = payments[count];
        if (!payment) return undefined;
        return { text: confirmRequest(head(payment.merchant), payment.id) };
      };
    case "replay":
      return () => {
        const payment = anyOf(payments);
        return { text: createRequest(head(payment.merchant), payment.key) };
      };
    case "cancel":
      return () => {
        count += 1;
        const payment = payments[Math.floor(count / (plan.copies ?? 1))];
        if (!payment) return undefined;
        const variables = { id: payment.id, key: `cancel-${payment.id}` };
        return { text: post(head(payment.merchant), CANCEL, variables) };
      };
    case "query":
      return () => {
        const payment = anyOf(payments);
        return { text: post(head(payment.merchant), QUERY, { id: payment.id }) };
      };
    case "list":
      return () => ({ text: post(head(anyOf(payments).merchant), LIST, {}) });
  }
}

function anyOf(payments: readonly Created[]): Created {
  const payment = payments[Math.floor(Math.random() * payments.length)];
  if (!payment) throw new Error("there is no payment to ask for");
  return payment;
}

export function createRequest(head: string, key: string): string {
  return post(head, CREATE, { input: INPUT, key });
}

export function confirmRequest(head: string, id: string): string {
  return post(head, CONFIRM, { id, key: `confirm-${id}` });
}

export function headFor(apiKey: string): string {
  return [
    "POST /graphql HTTP/1.1",
    "host: 127.0.0.1",
    "content-type: application/json",
    "accept: application/json",
    `authorization: Bearer ${apiKey}`,
    "content-length: ",
  ].join("\r\n");
}

const texts = new Map<string, string>();

function post(head: string, query: string, variables: unknown): string {
  let text = texts.get(query);
  if (text === undefined) {
    text = JSON.stringify(query);
    texts.set(query, text);
  }
  const body = `{"query":${text},"variables":${JSON.stringify(variables)}}`;
  return `${head}${String(body.length)}\r\n\r\n${body}`;
}

// The first id in an answer is the payment's own: every query asks for it first.
const ID = '"id":"';
const ID_LENGTH = 29;

export function idIn(body: Buffer): string {
  const at = body.indexOf(ID) + ID.length;
  return body.toString("latin1", at, at + ID_LENGTH);
}

/** What is wrong with an answer; undefined when it is a good one. */
export function complaint(head: string, body: Buffer): string | undefined {
  const isGood = head.startsWith("HTTP/1.1 2") && body.indexOf('"errors"') < 0;
  return isGood
    ? undefined
    : `${head.slice(0, head.indexOf("\r\n"))} ${body.toString().slice(0, 500)}`;
}
