import * as apolloClient from "@apollo/client";
import * as urqlCore from "@urql/core";
import * as graphcache from "@urql/exchange-graphcache";
import { transformSync } from "esbuild";
import { readFileSync } from "node:fs";
import path from "node:path";
import { compileFunction } from "node:vm";
import * as apollo from "../../src/sdk/apollo";
import * as sdk from "../../src/sdk/index";
import * as documents from "../../src/sdk/typed-documents";
import * as urql from "../../src/sdk/urql";
import { type MadeIntent, type TestApi, makeIntent, startTestApi } from "../support/api";
import { waitFor } from "../support/wait-for";

/*
 * What the SDK's README shows of a shopper's page and of the clients that people have already, as it stands there but for
 * addresses and keys, against the whole API: each pays once and sees the end of it.
 */

const README = readFileSync(path.resolve(__dirname, "../../src/sdk/README.md"), "utf8");
const BLOCKS = [...README.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = ""]) => code);

const MODULES: Readonly<Record<string, unknown>> = {
  "oncepay-sdk": sdk,
  "oncepay-sdk/apollo": apollo,
  "oncepay-sdk/urql": urql,
  "oncepay-sdk/documents": documents,
  "@apollo/client": apolloClient,
  "@urql/core": urqlCore,
  "@urql/exchange-graphcache": graphcache,
};

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** What a page keeps for as long as its tab is open. */
function newStorage() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}

/** Runs the one block that says this, and returns what it exports. */
function runBlock<Exports>(saying: string, { clientSecret }: Pick<MadeIntent, "clientSecret">) {
  const found = BLOCKS.filter((code) => code.includes(saying));
  expect(found).toHaveLength(1);
  const code = (found[0] ?? "")
    .replaceAll("https://payments.example/graphql", `${api.server.url}/graphql`)
    .replaceAll('"pk_…"', JSON.stringify(api.merchant.publishableKey))
    .replaceAll('"pi_…_secret_…"', JSON.stringify(clientSecret));
  expect(code).not.toContain("…");
  const script = transformSync(code, { loader: "ts", format: "cjs" }).code;
  const made = { exports: {} };
  const load = (name: string): unknown => {
    if (name in MODULES) return MODULES[name];
    throw new Error(`the README imports ${name}, which is not known here`);
  };
  const globals = ["module", "require", "sessionStorage", "console"];
  compileFunction(script, globals)(made, load, newStorage(), { log: () => undefined });
  return made.exports as Exports;
}

async function chargesOf(id: string): Promise<number> {
  const references = await api.db("attempts").where({ payment_intent_id: id }).pluck("id");
  const all = await api.movements();
  return all.filter(({ reference }) => references.includes(reference)).length;
}

async function expectPaidOnce(id: string): Promise<void> {
  await api.drain();
  expect(await chargesOf(id)).toBe(1);
}

test("the page that confirms a payment", async () => {
  const intent = await makeIntent(api, { paymentMethod: null });
  const page = runBlock<{ pay(id: string, clientSecret: string): Promise<string> }>(
    "export async function pay(",
    intent,
  );
  expect(await page.pay(intent.id, intent.clientSecret)).toBe("PROCESSING");
  await expectPaidOnce(intent.id);
});

test("the page that watches one", async () => {
  const intent = await makeIntent(api, { paymentMethod: null });
  const page = runBlock<{ watch(id: string, signal: AbortSignal): Promise<{ status: string }> }>(
    "export async function watch(",
    intent,
  );
  const last = page.watch(intent.id, new AbortController().signal);
  const other = runBlock<{ pay(id: string, clientSecret: string): Promise<string> }>(
    "export async function pay(",
    intent,
  );
  await other.pay(intent.id, intent.clientSecret);
  await expectPaidOnce(intent.id);
  expect(await last).toMatchObject({ status: "SUCCEEDED" });
});

test("Apollo Client", async () => {
  const intent = await makeIntent(api, { paymentMethod: null });
  interface Page {
    pay(id: string): Promise<{ data: { confirmPaymentIntent: { paymentIntent: object } } }>;
  }
  const { data } = await runBlock<Page>('from "@apollo/client"', intent).pay(intent.id);
  expect(data.confirmPaymentIntent.paymentIntent).toMatchObject({ status: "PROCESSING" });
  await expectPaidOnce(intent.id);
});

test("urql", async () => {
  const intent = await makeIntent(api, { paymentMethod: null });
  interface Page {
    readonly client: urqlCore.Client;
    watch(id: string, show: (status: string) => void): { unsubscribe(): void };
  }
  const page = runBlock<Page>('from "@urql/core"', intent);
  const shown: string[] = [];
  const watching = page.watch(intent.id, (status) => shown.push(status));
  await waitFor("the state now", () => shown.at(-1) === "REQUIRES_PAYMENT_METHOD");
  const variables = {
    input: { paymentIntentId: intent.id, paymentMethod: "pm_card_visa" },
    idempotencyKey: "",
  };
  const document = urql.urqlDocument(documents.documents.confirmPaymentIntent);
  expect((await page.client.mutation(document, variables as never)).error).toBeUndefined();
  await expectPaidOnce(intent.id);
  await waitFor("the end", () => shown.at(-1) === "SUCCEEDED");
  watching.unsubscribe();
});
