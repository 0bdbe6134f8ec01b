import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  type ConcreteRequest,
  Environment,
  type FetchFunction,
  type GraphQLResponse,
  Network,
  Observable,
  RecordSource,
  Store,
  type SubscribeFunction,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  requestSubscription,
} from "relay-runtime";
import { createRetryBudget } from "../../src/sdk/retry-budget";
import { type TransportResult, createCacheKeys, createTransport } from "../../src/sdk/transport";
import { type MadeIntent, type TestApi, makeIntent, startTestApi } from "../support/api";
import { PATIENCE_MS } from "../support/patience";
import { waitFor } from "../support/wait-for";
import { losing } from "./losing";

/* Relay's own compiler and runtime over the transport, as the README shows it, against the whole API. */

const root = path.resolve(__dirname, "../..");
const DOCUMENTS = `
  graphql\`query shopIntentQuery($id: ID!) { paymentIntent(id: $id) { id status version } }\`;
  graphql\`subscription shopWatchSubscription($id: ID!) {
    paymentIntentUpdated(id: $id) { id status version }
  }\`;
  graphql\`mutation shopPayMutation($input: ConfirmPaymentIntentInput!, $idempotencyKey: String = "") {
    confirmPaymentIntent(input: $input, idempotencyKey: $idempotencyKey) {
      paymentIntent { id status version }
      idempotency { status }
    }
  }\`;
`;

let api: TestApi;
let work: string;
let intentQuery: ConcreteRequest;
let payMutation: ConcreteRequest;
let watchSubscription: ConcreteRequest;

beforeAll(async () => {
  api = await startTestApi();
  work = mkdtempSync(path.join(tmpdir(), "oncepay-relay-"));
  mkdirSync(path.join(work, "src"));
  writeFileSync(path.join(work, "src/shop.js"), DOCUMENTS);
  const schema = path.join(root, "schema/schema.graphql");
  const config = {
    src: "./src",
    schema: path.relative(work, schema),
    language: "javascript",
    eagerEsModules: false,
  };
  writeFileSync(path.join(work, "relay.config.json"), JSON.stringify(config));
  const compiler = require.resolve("relay-compiler/cli.js");
  execFileSync(process.execPath, [compiler, "relay.config.json"], { cwd: work, stdio: "pipe" });
  intentQuery = await compiled("shopIntentQuery");
  payMutation = await compiled("shopPayMutation");
  watchSubscription = await compiled("shopWatchSubscription");
});

async function compiled(name: string): Promise<ConcreteRequest> {
  const file = path.join(work, `src/__generated__/${name}.graphql.js`);
  const artefact = (await import(file)) as { readonly default: ConcreteRequest };
  return artefact.default;
}

afterAll(async () => {
  rmSync(work, { recursive: true, force: true });
  await api.stop();
});

function environmentFor(
  { clientSecret }: MadeIntent,
  { isGuarded = true, lost = 0 }: { isGuarded?: boolean; lost?: number } = {},
): Environment {
  const transport = createTransport({
    url: `${api.server.url}/graphql`,
    apiKey: api.merchant.publishableKey,
    clientSecret,
    timeoutMs: PATIENCE_MS,
    deadlineMs: PATIENCE_MS,
    retry: { baseMs: 1, capMs: 2, triesMax: 3 },
    budget: createRetryBudget({ initial: 100 }),
    fetch: losing(lost),
  });
  const ask: FetchFunction = async ({ text, name }, variables) => {
    const request = { query: text ?? "", operationName: name, variables };
    return (await transport.execute(request)) as GraphQLResponse;
  };
  const watch: SubscribeFunction = ({ text, name }, variables) =>
    Observable.create<GraphQLResponse>((sink) => {
      const controller = new AbortController();
      const request = { query: text ?? "", operationName: name, variables };
      const onNext = (result: TransportResult): void => sink.next(result as GraphQLResponse);
      transport.subscribe(request, { signal: controller.signal, onNext }).then(
        () => sink.complete(),
        (error: Error) => sink.error(error),
      );
      return () => controller.abort();
    });
  const keyOf = createCacheKeys();
  return new Environment({
    network: Network.create(ask, watch),
    store: new Store(new RecordSource()),
    ...(isGuarded && { getDataID: (value) => keyOf(value) }),
  });
}

interface Confirmed {
  readonly confirmPaymentIntent: {
    readonly paymentIntent: { readonly status: string };
    readonly idempotency: { readonly status: string };
  };
}

function confirm(
  environment: Environment,
  id: string,
  idempotencyKey?: string,
): Promise<Confirmed> {
  return new Promise((resolve, reject) => {
    commitMutation(environment, {
      mutation: payMutation,
      variables: {
        input: { paymentIntentId: id },
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      },
      onCompleted: (data) => resolve(data as unknown as Confirmed),
      onError: reject,
    });
  });
}

function shown(environment: Environment, id: string): unknown {
  const { fragment } = createOperationDescriptor(intentQuery, { id });
  const { data } = environment.lookup(fragment);
  const seen = data as { readonly paymentIntent?: { readonly status?: string } } | undefined;
  return seen?.paymentIntent?.status;
}

test.each([
  ["with its keys a replay changes nothing on the screen", true, "SUCCEEDED"],
  ["without them it turns SUCCEEDED back into PROCESSING", false, "PROCESSING"],
])("%s", async (_what, isGuarded, status) => {
  const intent = await makeIntent(api);
  const environment = environmentFor(intent, { isGuarded });
  await confirm(environment, intent.id, "pay-once");
  await api.drain();
  await fetchQuery(environment, intentQuery, { id: intent.id }).toPromise();
  expect(shown(environment, intent.id)).toBe("SUCCEEDED");
  const replayed = await confirm(environment, intent.id, "pay-once");
  expect(replayed.confirmPaymentIntent.idempotency.status).toBe("REPLAYED");
  expect(shown(environment, intent.id)).toBe(status);
});

test("a mutation has a key of its own, and an answer that was lost is had all the same", async () => {
  const intent = await makeIntent(api);
  const environment = environmentFor(intent, { lost: 3 });
  const { confirmPaymentIntent } = await confirm(environment, intent.id);
  expect(confirmPaymentIntent).toMatchObject({
    paymentIntent: { status: "PROCESSING" },
    idempotency: { status: "REPLAYED" },
  });
  expect(shown(environment, intent.id)).toBeUndefined();
  await api.drain();
});

test("what is shown follows the subscription to its end", async () => {
  const intent = await makeIntent(api);
  const environment = environmentFor(intent);
  await fetchQuery(environment, intentQuery, { id: intent.id }).toPromise();
  let isComplete = false;
  requestSubscription(environment, {
    subscription: watchSubscription,
    variables: { id: intent.id },
    onCompleted: () => (isComplete = true),
  });
  await confirm(environment, intent.id);
  await api.drain();
  await waitFor("the end of the subscription", () => isComplete);
  expect(shown(environment, intent.id)).toBe("SUCCEEDED");
});
