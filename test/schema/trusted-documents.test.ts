import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { documentIdOf, loadTrustedDocuments } from "../../schema/trusted-documents";
import { createClient } from "../../src/sdk/client";
import { type Server, startServer } from "../../src/server";
import { CREATE_INTENT, type TestApi, makeIntent, newKey, startTestApi } from "../support/api";

const SDK_LIST = path.resolve(__dirname, "../../src/sdk/trusted-documents.json");
const MINE = "{ merchant { name } }";
const GRAPHQL = { accept: "application/graphql-response+json" };

let directory: string;
let files: string;
let api: TestApi;
const servers: Server[] = [];

/** Another process, whose requests must be trusted for these callers. */
async function serve(only: string): Promise<string> {
  const app = api.anotherApp({
    ONCEPAY_TRUSTED_DOCUMENTS: files,
    ONCEPAY_TRUSTED_DOCUMENTS_ONLY: only,
  });
  const server = await startServer(app, { host: "127.0.0.1", port: 0 });
  servers.push(server);
  return server.url;
}

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "oncepay-trusted-"));
  const own = path.join(directory, "own.json");
  // Without the prefix, as some tools write it.
  writeFileSync(own, JSON.stringify({ [documentIdOf(MINE).slice("sha256:".length)]: MINE }));
  files = `${SDK_LIST}, ${own}`;
  api = await startTestApi();
});
afterAll(async () => {
  for (const server of servers) await server.close();
  await api.stop();
  rmSync(directory, { recursive: true });
});

interface Asked {
  readonly body: object;
  readonly key?: string | undefined;
  readonly headers?: Record<string, string>;
}

async function ask(url: string, { body, key = api.merchant.secretKey, headers }: Asked) {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${key}`,
      ...GRAPHQL,
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const { data, errors } = (await response.json()) as {
    data?: Record<string, unknown>;
    errors?: { extensions: { code: string; details: object } }[];
  };
  return { status: response.status, data, error: errors?.[0]?.extensions };
}

test("a document can be named by its hash, and one that is not known is refused", async () => {
  const url = await serve("nobody");
  const named = await ask(url, { body: { documentId: documentIdOf(MINE) } });
  expect(named.data).toEqual({ merchant: { name: "Merchant" } });
  const unknown = await ask(url, { body: { documentId: documentIdOf("{ x }") } });
  expect(unknown).toMatchObject({
    status: 400,
    error: { code: "BAD_USER_INPUT", details: { field: "documentId" } },
  });
  for (const body of [
    { documentId: "" },
    { documentId: 1 },
    { documentId: null },
    { documentId: documentIdOf(MINE), query: MINE },
  ]) {
    expect(await ask(url, { body })).toMatchObject({ status: 400 });
  }
  // Others are still free to ask what they like.
  expect((await ask(url, { body: { query: "{ merchant { id } }" } })).status).toBe(200);
});

test("publishable keys can be held to what is trusted, before anything of a document is parsed", async () => {
  const url = await serve("publishable");
  const { id, clientSecret } = await makeIntent(api);
  const key = api.merchant.publishableKey;
  const headers = { "oncepay-client-secret": clientSecret };
  for (const query of [`{ paymentIntent(id: "${id}") { id } }`, "{", "{ __typename }"]) {
    const refused = await ask(url, { body: { query }, key, headers });
    expect(refused).toMatchObject({ status: 403, error: { code: "FORBIDDEN" } });
  }
  expect((await ask(url, { body: { query: "{ merchant { id } }" } })).status).toBe(200);
  // The client's own texts are trusted as they are.
  const client = createClient({ url: `${url}/graphql`, apiKey: key, clientSecret });
  const confirmed = await client.confirmPaymentIntent({ paymentIntentId: id });
  expect(confirmed.paymentIntent.status).toBe("PROCESSING");
});

test("everybody can be held to it: nothing else is executed", async () => {
  const url = await serve("everybody");
  const before = await api.countRows();
  const variables = { input: { amount: 1, currency: "USD" }, key: newKey() };
  const refused = await ask(url, { body: { query: CREATE_INTENT, variables } });
  expect(refused).toMatchObject({ status: 403, error: { code: "FORBIDDEN" } });
  expect((await ask(url, { body: { query: MINE }, key: "sk_nobody" })).status).toBe(401);
  expect((await ask(url, { body: { query: MINE } })).data).toEqual({
    merchant: { name: "Merchant" },
  });
  expect(await api.countRows()).toBe(before);
  await api.drain();
});

test("the client's documents are printed with the hashes that they have", () => {
  const printed = JSON.parse(readFileSync(SDK_LIST, "utf8")) as Record<string, string>;
  expect(Object.keys(printed).length).toBeGreaterThan(20);
  for (const [id, text] of Object.entries(printed)) {
    expect(id).toBe(`sha256:${createHash("sha256").update(text).digest("hex")}`);
  }
});

test.each([
  ["no file where one is needed", undefined, "there are no trusted documents"],
  ["a file that is not there", "nowhere.json", "cannot be read"],
  ["what is no JSON", "{", "cannot be read, or is not JSON"],
  ["what is no list", "[1]", "is not an object of hashes and documents"],
  ["a hash that is not its document's", '{"sha256:00": "{ a }"}', "whose hash is not sha256:00"],
])("a process does not start with %s", (_what, content, message) => {
  const file = path.join(directory, "bad.json");
  if (content !== undefined && content !== "nowhere.json") writeFileSync(file, content);
  const trustedDocuments =
    content === undefined ? [] : [content === "nowhere.json" ? content : file];
  const load = () =>
    loadTrustedDocuments({ trustedDocuments, trustedDocumentsOnly: "publishable", console: false });
  expect(load).toThrow(message);
});
