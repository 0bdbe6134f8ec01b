import { createAuditBuffer } from "../../src/audit-log/audit-buffer";
import { type AuditLogFilter, listAuditEntries } from "../../src/audit-log/list-entries";
import { connect } from "../../src/db/connect";
import { createLog } from "../../src/observability/log";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { PATIENT } from "../support/patience";
import { type Question, now, pages } from "../support/plan-questions";
import {
  type ExplainedDb,
  complaintsIn,
  connectExplained,
  explainEverything,
} from "../support/explained-db";

/** As in test/db/plans.test.ts: no statement reads more than it answers, whatever the planner thinks. */

// Every hundredth by a key of its own, and every third about an object of its own; commands are rare.
const FILL = `
  insert into audit_log (merchant_id, id, action, operation, outcome, actor_kind, actor_id,
    subject_id)
  select merchant, id_floor('aud', now()) || lpad(n::text, 16, '0'),
    case when n % 200 = 0 then 'COMMAND' else 'WRITE' end, 'createWebhookEndpoint', 'SUCCEEDED',
    'OPERATOR', 'key_' || lpad(case when n % 100 = 0 then n else 7 end::text, 26, '0'),
    case when n % 3 = 0 then 'we_' || lpad(n::text, 26, '0') end
  from unnest(?::text[]) as m (merchant) cross join generate_series(1, ?::int) as s (n)`;

const BUSY = `mer_${"1".repeat(26)}`;
const QUIET = Array.from({ length: 300 }, (_, n) => `mer_${String(n).padStart(26, "0")}`);
const ROWS = 6_000;

let database: TestDatabase;
let explained: ExplainedDb;
let middle: string;
beforeAll(async () => {
  database = await createTestDatabase();
  const filling = connect({
    url: database.url,
    poolMax: 1,
    applicationName: "filling",
    ...PATIENT,
  });
  await filling.raw(FILL, [QUIET, 3]);
  await filling.raw("analyze audit_log");
  await filling.raw(FILL, [[BUSY], ROWS]);
  const half = await filling("audit_log")
    .where({ merchant_id: BUSY })
    .orderBy("id")
    .offset(ROWS / 2);
  middle = half[0].id as string;
  await explainEverything(filling);
  await filling.destroy();
  explained = connectExplained(database.url);
});
afterAll(async () => {
  await explained.db.destroy();
  await database.drop();
});

function idOf(prefix: string, n: number): string {
  return `${prefix}_${String(n).padStart(26, "0")}`;
}

function entries(name: string, filter: AuditLogFilter): Question[] {
  return pages(
    name,
    () => middle,
    (page) => listAuditEntries(explained.db, BUSY, { filter, page }),
  );
}

const QUESTIONS: Question[] = [
  ...entries("all entries", {}),
  ...entries("commands", { action: "COMMAND" }),
  ...entries("writes", { action: "WRITE" }),
  ...entries("a busy key's entries", { actorId: idOf("key", 7) }),
  ...entries("a quiet key's entries", { actorId: idOf("key", 3_000) }),
  ...entries("entries about an object", { subjectId: idOf("we", 3_000) }),
  now("an entry of a moment", async () => {
    const filter = {
      recordedAfter: "2020-01-01T00:00:00Z",
      recordedBefore: "2100-01-01T00:00:00Z",
    };
    return (await listAuditEntries(explained.db, BUSY, { filter, page: { first: 5 } })).pageInfo;
  }),
  now("writes what was noted", async () => {
    const buffer = createAuditBuffer({ db: explained.db, log: createLog("test", "silent") });
    buffer.note({
      merchantId: BUSY,
      action: "READ",
      operation: "paymentIntents",
      outcome: "SUCCEEDED",
      errorCode: null,
      actor: { kind: "OPERATOR", id: idOf("key", 7), hint: null, address: null, requestId: null },
    });
    await buffer.stop();
    return [BUSY];
  }),
];

describe.each([
  ["from when each merchant had a few entries", "select"],
  ["of today", "analyze audit_log"],
])("with statistics %s", (_name, takeStatistics) => {
  beforeAll(async () => {
    await explained.db.raw(takeStatistics);
  });

  it.each(QUESTIONS)("reads no further than it answers: %s", async (_question, prepare) => {
    expect(complaintsIn(await explained.ask(prepare, 2))).toEqual([]);
  });
});
