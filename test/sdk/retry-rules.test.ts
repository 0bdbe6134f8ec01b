import * as apolloClient from "@apollo/client";
import * as apolloRetry from "@apollo/client/link/retry";
import * as urqlCore from "@urql/core";
import * as urqlRetry from "@urql/exchange-retry";
import { transformSync } from "esbuild";
import { readFileSync } from "node:fs";
import path from "node:path";
import { compileFunction } from "node:vm";
import * as rxjs from "rxjs";
import { type ScriptedApi, refused, startApi } from "./scripted-api";

/*
 * What docs/api.md tells users of stock clients to do about a 503, as it stands there but for the address, with the
 * clients themselves: an answer that says that repeating helps is repeated with the same key, and no other is.
 */

const PAGE = readFileSync(path.resolve(__dirname, "../../docs/api.md"), "utf8");
const BLOCKS = [...PAGE.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = ""]) => code);
const MODULES: Readonly<Record<string, unknown>> = {
  "@apollo/client": apolloClient,
  "@apollo/client/link/retry": apolloRetry,
  "@urql/core": urqlCore,
  "@urql/exchange-retry": urqlRetry,
  rxjs,
};

function runBlock<Exports>(saying: string, url: string): Exports {
  const [code = "", ...others] = BLOCKS.filter((block) => block.includes(saying));
  expect(others).toEqual([]);
  const there = code.replaceAll("https://payments.example/graphql", url);
  const made = { exports: {} };
  const script = transformSync(there, { loader: "ts", format: "cjs" }).code;
  compileFunction(script, ["module", "require"])(made, (name: string) => MODULES[name]);
  return made.exports as Exports;
}

const CONFIRM = `mutation Confirm($input: ConfirmPaymentIntentInput!, $idempotencyKey: String!) {
  confirmPaymentIntent(input: $input, idempotencyKey: $idempotencyKey) { paymentIntent { id } }
}`;
const VARIABLES = { input: { paymentIntentId: "pi_1" }, idempotencyKey: "order-1" };
const DONE = { confirmPaymentIntent: { paymentIntent: { id: "pi_1" } } };

type Ask = (url: string) => Promise<{ data: unknown; error: string | undefined }>;

const withApollo: Ask = async (url) => {
  const { ApolloClient, InMemoryCache, gql } = apolloClient;
  const { link } = runBlock<{ link: apolloClient.ApolloLink }>("// Apollo Client", url);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const mutation = gql(CONFIRM);
  return client
    .mutate({ mutation, variables: VARIABLES, fetchPolicy: "no-cache" })
    .then(({ data }) => ({ data: bare(data), error: undefined }))
    .catch((error: Error) => ({ data: undefined, error: error.message }));
};

const withUrql: Ask = async (url) => {
  const { exchanges } = runBlock<{ exchanges: urqlCore.Exchange[] }>("// urql", url);
  const client = new urqlCore.Client({ url, exchanges });
  const { data, error } = await client.mutation(CONFIRM, VARIABLES).toPromise();
  return { data: bare(data), error: error?.graphQLErrors[0]?.message ?? error?.message };
};

/** Without what clients add to ask for types. */
const bare = (data: unknown): unknown => JSON.parse(JSON.stringify(data ?? null)) as unknown;

let server: ScriptedApi;
afterEach(() => server.stop());

describe.each([
  ["Apollo Client", withApollo],
  ["urql", withUrql],
])("%s", (_name, ask) => {
  test("repeats what may be repeated, with the same key", async () => {
    const again = { retryable: true, retryAfterMs: 20 };
    server = await startApi(
      refused("UNAVAILABLE", { ...again, status: 503 }),
      refused("IDEMPOTENCY_KEY_IN_USE", { ...again, status: 409 }),
      { body: { data: DONE } },
    );
    const { data, error } = await ask(server.url);
    expect({ data, error }).toMatchObject({ data: DONE, error: undefined });
    expect(server.keys()).toEqual(["order-1", "order-1", "order-1"]);
  });

  test("repeats no refusal", async () => {
    server = await startApi(refused("INVALID_STATE", { status: 409 }));
    expect((await ask(server.url)).error).toBe("INVALID_STATE happened");
    expect(server.keys()).toEqual(["order-1"]);
  });
});
