import { runCommandLine } from "../../src/cli/run-command-line";
import { newId } from "../../src/ids";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import { type TestApi, makePaid, newKey, startTestApi } from "../support/api";
import { aBreak, aReport } from "../support/breaks";

/** Breaks and reports, as operators see and resolve them. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => {
  await api.drain();
  await api.stop();
});

const FIELDS = `id merchantId kind status source processor reportId subjectId paymentIntentId currency detail
  ours { amount currency fee state } theirs { amount currency fee state }
  proposal { corrects postings { debit credit amount } }
  owner explanation resolution journalId foundAt explainedAt resolvedAt`;
const LIST = `query ($filter: ReconciliationBreakFilter, $first: Int, $after: String) {
  reconciliationBreaks(filter: $filter, first: $first, after: $after) {
    edges { node { ${FIELDS} } } pageInfo { hasNextPage endCursor }
  } }`;
const RESOLVE = `mutation ($input: ResolveReconciliationBreakInput!, $key: String!) {
  resolveReconciliationBreak(input: $input, idempotencyKey: $key) {
    reconciliationBreak { ${FIELDS} } idempotency { status }
  } }`;

const platform = () => ({ key: api.asPlatform.key });

async function list(variables: object = {}, by: object = { key: api.merchant.operatorKey }) {
  const answer = await api.send({ query: LIST, variables: { ...variables }, ...by });
  expect(answer.body.errors).toBeUndefined();
  const { edges, pageInfo } = answer.data.reconciliationBreaks;
  type Node = Readonly<Record<string, unknown>>;
  return { nodes: (edges as { node: Node }[]).map(({ node }) => node), pageInfo };
}

const resolve = (input: object, by: object = api.asPlatform, key = newKey()) =>
  api.send({ query: RESOLVE, variables: { input: { reason: "seen", ...input }, key }, ...by });

const done = async (input: object, by: object = api.asPlatform) => {
  const answer = await resolve(input, by);
  expect(answer.body.errors).toBeUndefined();
  return answer.data.resolveReconciliationBreak.reconciliationBreak;
};

/** Of a payment whose fee was posted as 103, and is 110 by the processor's account. */
async function aFeeBreak(): Promise<{ id: string; journalId: string }> {
  const { id: paymentIntentId } = await makePaid(api, { amount: 2_500 });
  const of = { merchant_id: api.merchant.id, payment_intent_id: paymentIntentId };
  const journal = await api.db("journals").where(of).first<{ id: string; source_id: string }>();
  const id = await aBreak(api.db, api.merchant.id, {
    subjectId: journal?.source_id ?? "",
    paymentIntentId,
    proposal: {
      corrects: journal?.id ?? null,
      postings: [{ debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: 7 }],
    },
  });
  return { id, journalId: journal?.id ?? "" };
}

const feesOf = async (): Promise<number> => {
  const { data } = await api.send({
    query: `{ ledgerAccounts(filter: {kinds: [PROCESSING_FEES], currencies: ["USD"]}) {
      edges { node { balance entries(first: 1) { edges { node { kind source sourceId } } } } } } }`,
  });
  return data.ledgerAccounts.edges[0].node;
};

test("breaks are listed for whom they concern, by kind, status and subject, page by page", async () => {
  const subjectId = newId("attempt");
  const ours = [
    await aBreak(api.db, api.merchant.id),
    await aBreak(api.db, api.merchant.id, { kind: "TIMING", subjectId }),
  ];
  const theirs = await aBreak(api.db, api.stranger.id);
  const nobodys = await aBreak(api.db, PLATFORM_MERCHANT_ID, { kind: "MISSING_HERE" });
  const ids = async (variables: object, by?: object) =>
    (await list(variables, by)).nodes.map(({ id }) => id);
  expect(await ids({})).toEqual(ours.toReversed());
  expect(await ids({}, api.asPlatform)).toEqual(ours.toReversed());
  expect(await ids({}, platform())).toEqual([nobodys, theirs, ...ours.toReversed()]);
  expect(await ids({ filter: { kinds: ["TIMING"] } })).toEqual([ours[1]]);
  expect(await ids({ filter: { subjectId } })).toEqual([ours[1]]);
  expect(await ids({ filter: { statuses: ["RESOLVED"] } })).toEqual([]);
  const first = await list({ first: 1 });
  expect(first.nodes.map(({ id }) => id)).toEqual([ours[1]]);
  expect(await ids({ first: 1, after: first.pageInfo.endCursor })).toEqual([ours[0]]);
  const refused = await api.send({ query: LIST });
  expect(refused.error?.extensions.code).toBe("FORBIDDEN");
  // And each is found by its id by those who are shown it in the list.
  const NODE = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
  const found = async (by: object) => {
    const wanted = { ids: [nobodys, theirs, ours[0]] };
    const { data } = await api.send({ query: NODE, variables: wanted, ...by });
    return (data.nodes as ({ id: string } | null)[]).map((node) => node?.id ?? null);
  };
  expect(await found(platform())).toEqual([nobodys, theirs, ours[0]]);
  expect(await found(api.asPlatform)).toEqual([null, null, ours[0]]);
  expect(await found({ key: api.merchant.operatorKey })).toEqual([null, null, ours[0]]);
});

test("a correction is posted when it is approved, names what it corrects, and is posted once", async () => {
  const { id, journalId } = await aFeeBreak();
  const before = await feesOf();
  const explained = await done({ breakId: id, action: "EXPLAIN", owner: "treasury" });
  expect(explained).toMatchObject({ status: "EXPLAINED", owner: "treasury", explanation: "seen" });
  expect(explained.journalId).toBeNull();
  const key = newKey();
  const input = { breakId: id, action: "APPROVE_CORRECTION", reason: "as announced" };
  const answers = await Promise.all([1, 2, 3].map(() => resolve(input, api.asPlatform, key)));
  const statuses = answers.map(({ data }) => data.resolveReconciliationBreak.idempotency.status);
  expect(statuses.toSorted()).toEqual(["EXECUTED", "REPLAYED", "REPLAYED"]);
  const { reconciliationBreak: resolved } = answers[0]?.data.resolveReconciliationBreak ?? {};
  expect(resolved).toMatchObject({ status: "RESOLVED", resolution: "CORRECTED" });
  const [journal] = await api.db("journals").where({ id: resolved.journalId });
  expect(journal).toMatchObject({
    kind: "correction",
    source_id: id,
    corrects_journal_id: journalId,
  });
  const after = await feesOf();
  expect(Number(Object(after).balance) - Number(Object(before).balance)).toBe(7);
  expect(Object(after).entries.edges[0].node).toEqual({
    kind: "correction",
    source: "RECONCILIATION_BREAK",
    sourceId: id,
  });
  const again = await resolve(input);
  expect(again.error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: { currentState: "RESOLVED", allowedActions: [] },
  });
  const entries = await api
    .db("audit_log")
    .where({ subject_id: id, outcome: "SUCCEEDED" })
    .orderBy("id");
  expect(entries.map(({ actor_kind: kind, details }) => ({ kind, ...details }))).toEqual([
    {
      kind: "PLATFORM",
      reason: "seen",
      resolution: "EXPLAIN",
      before: { status: "OPEN" },
      after: { status: "EXPLAINED" },
    },
    {
      kind: "PLATFORM",
      reason: "as announced",
      resolution: "APPROVE_CORRECTION",
      before: { status: "EXPLAINED" },
      after: { status: "RESOLVED", journalId: resolved.journalId },
    },
  ]);
});

test("what has no proposal can be dismissed, and not corrected", async () => {
  const id = await aBreak(api.db, api.merchant.id, { proposal: null });
  const refused = await resolve({ breakId: id, action: "APPROVE_CORRECTION" });
  expect(refused.error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: { currentState: "OPEN", allowedActions: ["EXPLAIN", "DISMISS"] },
  });
  const dismissed = await done({ breakId: id, action: "DISMISS" });
  expect(dismissed).toMatchObject({ status: "RESOLVED", resolution: "DISMISSED", journalId: null });
  expect(dismissed.owner).toMatch(/^key_/);
});

test("only platform operators resolve, and one who acts for a merchant that merchant's", async () => {
  const id = await aBreak(api.db, api.stranger.id);
  const refused = await resolve(
    { breakId: id, action: "DISMISS" },
    { key: api.merchant.operatorKey },
  );
  expect(refused.error?.extensions.code).toBe("FORBIDDEN");
  const absent = await resolve({ breakId: id, action: "DISMISS" });
  expect(absent.error?.extensions.code).toBe("NOT_FOUND");
  expect(await done({ breakId: id, action: "DISMISS" }, platform())).toMatchObject({ id });
});

test("the database keeps breaks as they were found, and resolves each once", async () => {
  const id = await aBreak(api.db, api.merchant.id);
  const change = (set: string) =>
    api.db.raw(`update reconciliation_breaks set ${set} where id = ?`, [id]);
  for (const set of [
    "detail = 'nothing'",
    "proposal = null",
    "theirs = null",
    "kind = 'TIMING'",
    "status = 'RESOLVED'",
    "status = 'EXPLAINED'",
  ]) {
    await expect(change(set)).rejects.toThrow(/break|check/);
  }
  await expect(api.db("reconciliation_breaks").where({ id }).delete()).rejects.toThrow();
  await done({ breakId: id, action: "DISMISS" });
  await expect(change("status = 'OPEN', resolved_at = null, resolution = null")).rejects.toThrow();
});

test("the same difference is one break", async () => {
  const subjectId = newId("attempt");
  await aBreak(api.db, api.merchant.id, { subjectId });
  await expect(aBreak(api.db, api.merchant.id, { subjectId })).rejects.toThrow("known");
});

test("reports are for the installation's operators", async () => {
  const id = await aReport(api.db, "2026-11-20T10");
  const query = `{ reconciliationReports(first: 1) { edges { node {
    id source processor statement periodFrom periodTo status lines compared matched breaksFound
    breaksClosed startedAt finishedAt } } } }`;
  const { data, body } = await api.send({ query, ...platform() });
  expect(body.errors).toBeUndefined();
  expect(data.reconciliationReports.edges[0].node).toMatchObject({
    ...{ id, source: "PROCESSOR_LIST", status: "COMPLETED", lines: 0, breaksFound: 0 },
    periodFrom: "2026-11-20T10:00:00.000Z",
  });
  const refused = await api.send({ query, key: api.merchant.operatorKey });
  expect(refused.error?.extensions.code).toBe("FORBIDDEN");
});

test("from a terminal: listed, shown, tried dry, resolved", async () => {
  const { id } = await aFeeBreak();
  const said: string[] = [];
  const ops = async (...args: string[]): Promise<string> => {
    said.length = 0;
    const code = await runCommandLine(["ops", "breaks", ...args, "--merchant", api.merchant.id], {
      environment: {
        ONCEPAY_URL: `${api.server.url}/graphql`,
        ONCEPAY_OPERATOR_KEY: api.asPlatform.key,
      },
      out: (text) => (said.push(text), true),
      error: (text) => (said.push(text), true),
    });
    return `${String(code)} ${said.join("")}`;
  };
  expect(await ops("list", "--kinds", "FEE")).toMatch(new RegExp(`${id} +FEE +OPEN +0m .*103 USD`));
  expect(await ops("show", "--id", id)).toMatch(/proposal .*PROCESSING_FEES/);
  const how = ["--id", id, "--action", "APPROVE_CORRECTION", "--reason", "as announced"];
  expect(await ops("resolve", ...how, "--dry-run")).toContain("Would be done");
  expect(await ops("resolve", "--id", id, "--action", "FORGET", "--reason", "x")).toMatch(/^2 /);
  expect(await ops("resolve", ...how)).toMatch(/^0 It is RESOLVED, with the journal jrn_/);
  expect(await ops("list", "--subject", id)).toBe("0 There are none.\n");
});

test("breaks and entries are exported as CSV and NDJSON, page by page", async () => {
  await done({
    breakId: await aBreak(api.db, api.merchant.id),
    action: "EXPLAIN",
    reason: 'they said "it is new", and more',
    owner: "=cmd()",
  });
  const subjects = Array.from({ length: 105 }, () => newId("attempt"));
  for (const subjectId of subjects) await aBreak(api.db, api.merchant.id, { subjectId });
  const lines = async (...args: string[]): Promise<string[]> => {
    let said = "";
    const code = await runCommandLine(["ops", "export", ...args, "--merchant", api.merchant.id], {
      environment: {
        ONCEPAY_URL: `${api.server.url}/graphql`,
        ONCEPAY_OPERATOR_KEY: api.asPlatform.key,
      },
      out: (text) => ((said += text), true),
      error: (text) => ((said += text), true),
    });
    expect(code).toBe(0);
    return said.trimEnd().split("\n");
  };
  const csv = await lines("--what", "breaks");
  const [count] = await api
    .db("reconciliation_breaks")
    .where({ merchant_id: api.merchant.id })
    .count<{ count: string }[]>();
  expect(csv).toHaveLength(Number(count?.count) + 1);
  expect(csv[0]).toMatch(/^id,merchantId,kind,status,/);
  expect(csv.find((line) => line.includes("EXPLAINED"))).toContain(
    `,'=cmd(),"they said ""it is new"", and more",`,
  );
  const ndjson = await lines("--what", "breaks", "--format", "ndjson");
  const read = ndjson.map((line) => JSON.parse(line) as { subjectId: string });
  const exported = new Set(read.map(({ subjectId }) => subjectId));
  expect(subjects.filter((id) => !exported.has(id))).toEqual([]);
  const account = { merchant_id: api.merchant.id, kind: "PROCESSING_FEES", currency: "USD" };
  const { id } = await api.db("ledger_accounts").where(account).first<{ id: string }>("id");
  const entries = await lines("--what", "entries", "--account", id);
  expect(entries[0]).toMatch(/^journalId,line,kind,side,amount/);
  expect(entries.slice(1).every((line) => line.startsWith("jrn_"))).toBe(true);
});
