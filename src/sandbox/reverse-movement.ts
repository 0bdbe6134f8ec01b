import type { ServerResponse } from "node:http";
import type { Pool } from "pg";
import { decideMovementReversal } from "./decide";
import { sendError, sendJson } from "./http-exchange";
import { book, type Network } from "./network";
import { answerUnless, dropConnection, meetRequest, resetConnection } from "./serve-money";

export interface NamedMovement {
  readonly id: string;
  readonly reference: string;
}

/**
 * Undoes one movement by its own id, all of it or nothing. Whatever else moved under its reference stands, and more may
 * move: there is no tombstone, and no webhook, because the reference is where it was. Asked again, it is acknowledged.
 */
export async function serveMovementReversal(
  network: Network,
  named: NamedMovement,
  response: ServerResponse,
): Promise<void> {
  const fault = meetRequest(network, "reverse");
  if (fault === "reset") return resetConnection(response);
  if (fault === "lose_request") return dropConnection(response);
  const operationId = await findOperation(network.books.reader, named);
  const operations = network.state.references.get(named.reference)?.operations ?? [];
  const operation = operations.find(({ id }) => id === operationId);
  if (operation === undefined) return sendError(response, 404, "No such movement.");
  const rows = decideMovementReversal(network.state, operation);
  if (rows === undefined) return sendError(response, 409, "It cannot be taken back whole.");
  await (rows.length > 0 ? book(network, rows) : network.books.durable(operation.position));
  answerUnless(fault, response, () => {
    const { id: movement_id, reference } = named;
    sendJson(response, 200, { movement_id, reference, status: "reversed" });
  });
}

// Movements have an index by reference, and none by id.
const FIND = `
  select operation_id from movements where reference = $1 and id = $2 and kind <> 'reverse'`;

async function findOperation(pool: Pool, named: NamedMovement): Promise<string | undefined> {
  const values = [named.reference, named.id];
  const { rows } = await pool.query<{ operation_id: string }>(FIND, values);
  return rows[0]?.operation_id;
}
