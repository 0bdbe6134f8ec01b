import { type Db, type Statement, run } from "../db/db";

const MARK: Statement = {
  name: "mark_sealed_up_to",
  text: `
    update seal_state set sealed_up_to =
      greatest(sealed_up_to, clock_timestamp() - ? * interval '1 millisecond')`,
};

/**
 * Everything that had been committed so long ago is under seal, but for postings of the minute before, which the horizon
 * had not passed. One row for the installation, once a pass.
 */
export async function markSealed(db: Db, msAgo: number): Promise<void> {
  await run(db, MARK, [msAgo]);
}
