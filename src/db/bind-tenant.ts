import { type Client, Query, type QueryConfig } from "pg";
import { TENANT_SETTING } from "./roles";

/*
 * Binds what a connection sends to one tenant.
 *
 * Guarantees: each statement carries its tenant with it, in the same network packet and the same transaction, and that
 * transaction's end unbinds it. So there is nothing for a connection to remember, nothing to go stale after an error or
 * a rollback, and a statement that is sent without its tenant sees no rows.
 *
 * Cost: no round trip. A statement of its own is preceded by two messages that run a prepared set_config: some 10 µs of
 * this process and as many of the server, a fiftieth of what a query by id takes of both. A transaction is bound by its
 * BEGIN.
 */

const BIND = {
  name: "bind_tenant",
  text: `select set_config('${TENANT_SETTING}', $1, true)`,
};

/** A connection that can be bound. The owner of the connection says to whom, and takes it back. */
export interface BindableClient extends Client {
  tenant?: string | undefined;
}

type Callback = (error: Error | null, result: unknown) => void;
type Send = (config: QueryConfig, callback: Callback) => unknown;

/** What pg's query does with the wire, which its types do not show. */
interface Wire {
  bind(message: { readonly statement: string; readonly values: readonly string[] }): void;
  execute(message: { readonly portal: string }): void;
}

interface WireQuery {
  requiresPreparation(): boolean;
  prepare(wire: Wire): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, wire: Wire): void;
}

const PgQuery = Query as unknown as new (
  config: QueryConfig,
  values: undefined,
  callback: Callback,
) => WireQuery;

/** A query, preceded by its binding. They share one Sync, and so one transaction: an error in either undoes both. */
class BoundQuery extends PgQuery {
  private isBinding = true;

  constructor(
    private readonly tenant: string,
    config: QueryConfig,
    callback: Callback,
  ) {
    super(config, undefined, callback);
  }

  // As a simple query it could not share its transaction with the binding.
  override requiresPreparation(): boolean {
    return true;
  }

  override prepare(wire: Wire): void {
    wire.bind({ statement: BIND.name, values: [this.tenant] });
    wire.execute({ portal: "" });
    super.prepare(wire);
  }

  override handleDataRow(message: unknown): void {
    if (!this.isBinding) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, wire: Wire): void {
    if (this.isBinding) this.isBinding = false;
    else super.handleCommandComplete(message, wire);
  }
}

const BEGIN = /^begin\b/i;
const IDLE = "I";

/**
 * Makes a new connection bindable. The binding is prepared here, once and alone: what is parsed in one packet with
 * another statement, pg would take for that statement.
 */
export async function makeBindable(client: BindableClient): Promise<void> {
  await client.query({ ...BIND, values: [""] });
  const send = client.query.bind(client) as Send;
  const sendBound: Send = (config, callback) => {
    const { tenant } = client;
    // Within a transaction, its BEGIN has bound it.
    if (tenant === undefined || client.getTransactionStatus() !== IDLE) {
      return send(config, callback);
    }
    if (BEGIN.test(config.text)) {
      const bind = `set local ${TENANT_SETTING} = ${client.escapeLiteral(tenant)}`;
      return send({ ...config, text: `${config.text} ${bind}` }, callback);
    }
    return send(new BoundQuery(tenant, config, callback) as unknown as QueryConfig, callback);
  };
  client.query = sendBound as Client["query"];
}
