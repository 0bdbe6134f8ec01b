import type { Mutations, Queries } from "./operation-types";

/*
 * What the client asks for. The texts never change from call to call, so that the API parses each of them
 * once. The types are printed from them: a fragment's name is the name of an exported type.
 */

const FRAGMENTS: Readonly<Record<string, string>> = {
  PaymentIntent: `fragment PaymentIntent on PaymentIntent {
    id status amount currency captureMethod paymentMethod
    amountAuthorized amountCapturable amountCaptured amountRefunded amountRefundable
    description customer merchantReference metadata
    lastPaymentError { ...PaymentError } nextAction { ...NextAction }
    cancellationReason allowedActions clientSecret version createdAt updatedAt
  }`,
  PaymentError: `fragment PaymentError on PaymentError { code declineCode message retryable }`,
  NextAction: `fragment NextAction on NextAction { type redirectUrl expiresAt }`,
  Refund: `fragment Refund on Refund {
    id paymentIntentId status amount currency reason metadata failureCode createdAt updatedAt
  }`,
  Capture: `fragment Capture on Capture {
    id paymentIntentId status amount currency final failureCode createdAt updatedAt
  }`,
  Attempt: `fragment Attempt on Attempt {
    id paymentIntentId operation status amount currency paymentMethod processorChargeId
    code declineCode message sentAt unknownSince settledAt createdAt
  }`,
  Event: `fragment Event on Event { id type apiVersion createdAt sequence data }`,
  Idempotency: `fragment Idempotency on Idempotency { status firstSeenAt }`,
  PageInfo: `fragment PageInfo on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }`,
};

/** A mutation of the shape that all of them have. */
function mutation(name: string, result: string): string {
  const inputType = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return withFragments(
    `mutation ${name}($input: ${inputType}!, $idempotencyKey: String!) {
  ${name}(input: $input, idempotencyKey: $idempotencyKey) { ${result} idempotency { ...Idempotency } }
}`,
  );
}

function query(name: string, variables: Readonly<Record<string, string>>, result: string): string {
  const names = Object.keys(variables);
  const declared = names.map((variable) => `$${variable}: ${variables[variable] ?? ""}`);
  const passed = names.map((variable) => `${variable}: $${variable}`);
  const parentheses = (parts: string[]): string =>
    parts.length === 0 ? "" : `(${parts.join(", ")})`;
  return withFragments(
    `query ${name}${parentheses(declared)} { ${name}${parentheses(passed)} { ${result} } }`,
  );
}

const PAGE = { first: "Int", after: "String", last: "Int", before: "String" };

function page(fragment: string): string {
  return `edges { cursor node { ...${fragment} } } pageInfo { ...PageInfo }`;
}

function withFragments(operation: string): string {
  const needed = new Set<string>();
  const collect = (text: string): void => {
    for (const [, name = ""] of text.matchAll(/\.\.\.(\w+)/g)) {
      const fragment = FRAGMENTS[name];
      if (fragment === undefined || needed.has(name)) continue;
      needed.add(name);
      collect(fragment);
    }
  };
  collect(operation);
  return [operation, ...[...needed].map((name) => FRAGMENTS[name])].join("\n");
}

export const MUTATIONS = {
  createPaymentIntent: mutation("createPaymentIntent", "paymentIntent { ...PaymentIntent }"),
  confirmPaymentIntent: mutation("confirmPaymentIntent", "paymentIntent { ...PaymentIntent }"),
  capturePaymentIntent: mutation("capturePaymentIntent", "paymentIntent { ...PaymentIntent }"),
  cancelPaymentIntent: mutation("cancelPaymentIntent", "paymentIntent { ...PaymentIntent }"),
  refundPaymentIntent: mutation("refundPaymentIntent", "refund { ...Refund }"),
} satisfies Record<keyof Mutations, string>;

export const QUERIES = {
  paymentIntent: query("paymentIntent", { id: "ID!" }, "...PaymentIntent"),
  paymentIntents: query(
    "paymentIntents",
    { filter: "PaymentIntentFilter", ...PAGE },
    page("PaymentIntent"),
  ),
  refund: query("refund", { id: "ID!" }, "...Refund"),
} satisfies Record<keyof Queries, string>;
