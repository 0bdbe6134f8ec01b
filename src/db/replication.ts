import { type Db, type Statement, run } from "./db";

/** Where what is committed goes besides the server itself. */
export interface Replication {
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
  /** The server answers no commit before a standby has it: synchronous_standby_names is not empty. */
  readonly waitsForStandby: boolean;
  /** Those that are connected. */
  readonly standbys: number;
  /** Those of them whose word is waited for; null: the user of DATABASE_URL may not see which (pg_read_all_stats). */
  readonly synchronousStandbys: number | null;
  /** Changes with every promotion, and with every restore to a point in time. Null in recovery. */
  readonly timeline: number | null;
}

const READ: Statement = {
  name: "read_replication",
  text: `
    select pg_is_in_recovery() as "inRecovery",
      current_setting('transaction_read_only')::boolean as "readOnly",
      current_setting('synchronous_standby_names') <> '' as "waitsForStandby",
      count(r.pid)::int as "standbys",
      case when count(r.pid) = count(r.sync_state)
        then count(*) filter (where r.sync_state in ('sync', 'quorum')) end::int
        as "synchronousStandbys",
      case when not pg_is_in_recovery()
        then ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int end
        as "timeline"
    from pg_stat_replication r`,
};

export async function readReplication(db: Db): Promise<Replication> {
  const [row] = await run<Replication>(db, READ, []);
  if (!row) throw new Error("an aggregate without a row");
  return row;
}
