import { newId } from "../../src/ids";
import type { NewBreak } from "../../src/reconciliation/break";
import { insertBreaks } from "../../src/reconciliation/break-store";
import type { Db } from "../../src/db/db";

/** A break of a merchant's, as the comparison with a settlement file would find it. Gives its id. */
export async function aBreak(
  db: Db,
  merchantId: string,
  about: Partial<NewBreak> = {},
): Promise<string> {
  const [found] = await insertBreaks(db, [
    {
      merchantId,
      kind: "FEE",
      source: "SETTLEMENT_FILE",
      processor: "sandbox",
      reportId: newId("reconciliationReport"),
      subjectId: newId("attempt"),
      currency: "USD",
      detail: "a fee of 103 USD there, and of 100 USD here",
      ours: { amount: 2_500, currency: "USD", fee: 100, state: "SUCCEEDED" },
      theirs: { amount: 2_500, currency: "USD", fee: 103, state: "capture" },
      proposal: {
        corrects: null,
        postings: [{ debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: 3 }],
      },
      ...about,
    },
  ]);
  if (!found) throw new Error("the break is known");
  return found.id;
}

/** The report of a processor's list for an hour that has been compared; told apart by its name. Gives its id. */
export async function aReport(db: Db, statement: string): Promise<string> {
  const id = newId("reconciliationReport");
  await db("reconciliation_runs").insert({
    ...{ id, source: "PROCESSOR_LIST", processor: "sandbox", statement, status: "COMPLETED" },
    ...{ period_from: "2026-11-20T10:00:00Z", period_to: "2026-11-20T11:00:00Z" },
    finished_at: new Date(),
  });
  return id;
}

/** A correction where none was proposed, which the database does not permit. */
export async function proposeNothingMuch(db: Db, id: string): Promise<void> {
  const postings = [{ debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: 1 }];
  await db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    const proposal = JSON.stringify({ corrects: null, postings });
    await tx("reconciliation_breaks").where({ id }).update({ proposal });
  });
}
