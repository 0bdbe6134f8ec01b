import { runCommandLine } from "../../src/cli/run-command-line";
import { withClient } from "../../src/db/with-client";
import { type TestDatabase, createTestDatabase } from "../support/database";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function oncepay(...args: string[]): Promise<Record<string, unknown>> {
  let text = "";
  const code = await runCommandLine([...args, "--json"], {
    environment: { DATABASE_URL: database.url },
    out: (said) => ((text += said), true),
    error: () => true,
  });
  return code === 0 ? (JSON.parse(text) as Record<string, unknown>) : {};
}

async function recorded(subjectId: unknown): Promise<object[]> {
  const { rows } = await withClient(database.url, (client) =>
    client.query<object>(
      "select merchant_id, operation, actor_kind, details from audit_log where subject_id = $1 order by id",
      [subjectId],
    ),
  );
  return rows;
}

test("what is done to keys on the command line is recorded, and what fails is not", async () => {
  const { id: merchantId } = await oncepay("merchants", "create", "--name", "Shop");
  const of = ["--merchant", String(merchantId)];
  const made = await oncepay("keys", "create", ...of, "--kind", "secret", "--name", "backend");
  const by = { merchant_id: merchantId, actor_kind: "COMMAND_LINE" };
  const created = { ...by, operation: "keys create" };
  expect(await recorded(made["id"])).toMatchObject([
    { ...created, details: { keyKind: "SECRET" } },
  ]);

  const rolled = await oncepay("keys", "roll", ...of, "--id", String(made["id"]));
  const { id } = rolled["apiKey"] as { id: string };
  const details = { rolledFrom: made["id"] };
  expect(await recorded(id)).toMatchObject([{ ...by, operation: "keys roll", details }]);

  await oncepay("keys", "revoke", ...of, "--id", id);
  // It is revoked already.
  await oncepay("keys", "revoke", ...of, "--id", id);
  const operations = (await recorded(id)) as { operation: string }[];
  expect(operations.map(({ operation }) => operation)).toEqual(["keys roll", "keys revoke"]);
});
