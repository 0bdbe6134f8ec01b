import { PrimaryClient } from "./primary-client";

/*
 * A look at this process's own sessions from the server's side, over one connection that is open while there is something
 * to look at. It logs in as the user of DATABASE_URL and takes no role: only that user sees, and may end, the sessions
 * that he logged in, whatever roles they have taken since.
 */

/** A session, as far as its client knows it. */
export interface OwnSession {
  readonly pid: number;
  /** How long ago its client was connected: who has its number now and began later is somebody else. */
  readonly ageMs: number;
}

export interface SeenSession {
  readonly pid: number;
  /** When what it does began: of the same session, another text is another statement. */
  readonly since: string;
  /** Its commit is stored, and waits for the synchronous standby to have it, too. */
  readonly waitsForStandby: boolean;
  readonly isIdle: boolean;
}

const LOOK = `
  select pid, coalesce(query_start::text, '') as "since",
    wait_event is not distinct from 'SyncRep' as "waitsForStandby",
    state = 'idle' as "isIdle"
  from pg_stat_activity
  where usename = current_user and datname = current_database()
    and (wait_event = 'SyncRep' or pid = any ($1::int[]))`;

/*
 * Never one whose commit waits for the standby. To end it would end the wait and not the commit: from then on everybody
 * sees what no standby has, a repeat under its key is answered from it, and a failover loses what was answered.
 *
 * Of the others only those that are still at what was given up: that is older than a second.
 */
const END = `
  with mine as materialized (
    select a.pid
    from unnest($1::int[], $2::float8[]) own (pid, age)
    join pg_stat_activity a on a.pid = own.pid
    where a.usename = current_user and a.datname = current_database()
      and a.backend_start <= clock_timestamp() - make_interval(secs => own.age)
      and a.query_start <= clock_timestamp() - interval '1 second' and a.state <> 'idle'
      and a.wait_event is distinct from 'SyncRep'
  )
  select count(*) filter (where pg_terminate_backend(pid))::int as "ended" from mine`;

const ANSWER_MS = 2_000;

export interface SessionView {
  /** Every session of this user that waits for a standby, and those of these numbers that there are. */
  look(pids: readonly number[]): Promise<SeenSession[]>;
  end(sessions: readonly OwnSession[]): Promise<number>;
  /** Closes the connection until the next look. */
  rest(): void;
}

export function createSessionView(url: string, applicationName: string): SessionView {
  let client: PrimaryClient | undefined;
  const open = async (): Promise<PrimaryClient> => {
    if (client && !client.hasToGo) return client;
    rest();
    const made = new PrimaryClient({
      connectionString: url,
      application_name: `${applicationName} watch`,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      statement_timeout: ANSWER_MS,
      keepAlive: true,
    });
    client = made;
    await made.connect();
    return made;
  };
  const rest = (): void => {
    client?.end().catch(() => undefined);
    client = undefined;
  };
  const ask = async <Row>(text: string, values: readonly unknown[]): Promise<Row[]> => {
    try {
      const connection = await open();
      const { rows } = await connection.query(text, [...values]);
      return rows as Row[];
    } catch (error) {
      rest();
      throw error;
    }
  };
  return {
    look: (pids) => ask<SeenSession>(LOOK, [pids]),
    end: async (sessions) => {
      const ages = sessions.map(({ ageMs }) => ageMs / 1_000);
      const [row] = await ask<{ ended: number }>(END, [sessions.map(({ pid }) => pid), ages]);
      return row?.ended ?? 0;
    },
    rest,
  };
}
