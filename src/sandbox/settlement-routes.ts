import type { ServerResponse } from "node:http";
import { sendError, sendJson } from "./http-exchange";
import type { Network } from "./network";
import { listPayoutLines, listPayouts } from "./payouts";
import {
  type ListedDispute,
  type Window,
  listDisputes,
  listMovements,
  windowFrom,
} from "./read-window";

/*
 * What the network tells of what it moved, as an acquirer does: a list by a window of time, page by page, and a
 * settlement file for a period, which holds what is settled (captures, refunds, and what took them back), the steps of
 * disputes, the payouts that were sent, arrived or failed in it, each with all of its lines, and ends with the number of
 * its lines. The file is written as it is read from the books.
 */

const PAGE_ROWS = 500;
const FILE_ROWS = 5_000;

const SETTLED = ["capture", "refund", "reverse"];

/** GET /v1/movements?from=&to=&after= */
export async function sendList(
  network: Network,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const window = windowFrom(url);
  if (!window) return sendError(response, 400, "from and to must be times, in this order.");
  const after = Number(url.searchParams.get("after") ?? 0);
  if (!Number.isSafeInteger(after) || after < 0) return sendError(response, 400, "after is wrong.");
  const pool = network.books.reader;
  const { account } = network.state;
  const rows = await listMovements(pool, window, { account, after, limit: PAGE_ROWS });
  const isLast = rows.length < PAGE_ROWS;
  // Disputes are listed for the nameless account alone.
  const disputes = isLast && account === "" ? await listDisputes(pool, window) : [];
  sendJson(response, 200, {
    disputes,
    movements: rows.map(({ position: _position, onHold: _onHold, ...movement }) => movement),
    next: isLast ? null : String(rows.at(-1)?.position),
  });
}

/** GET /v1/settlement?from=&to= */
export async function sendSettlementFile(
  network: Network,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const window = windowFrom(url);
  if (!window) return sendError(response, 400, "from and to must be times, in this order.");
  const { from, to } = window;
  response.writeHead(200, { "content-type": "text/csv" });
  response.write(`settlement,1,st_${from}_${to},${from},${to}\n`);
  response.write("movement_id,kind,amount,currency,fee,reference,charge_id,at,fee_currency\n");
  let lines = 0;
  let after = 0;
  for (;;) {
    const page = { account: network.state.account, after, limit: FILE_ROWS };
    const rows = await listMovements(network.books.reader, window, page);
    // What was only held is not settled, nor is what took it back.
    const settled = rows.filter(({ kind, onHold }) => SETTLED.includes(kind) && !onHold);
    const text = settled.map(
      (row) =>
        `${row.movement_id},${row.kind},${String(row.amount)},${row.currency},${String(row.fee)},` +
        `${row.reference},${row.charge_id},${row.at},${row.fee_currency ?? ""}\n`,
    );
    lines += settled.length;
    if (text.length > 0 && !response.write(text.join(""))) await drained(response);
    if (response.destroyed) return;
    if (rows.length < FILE_ROWS) break;
    after = rows.at(-1)?.position ?? after;
  }
  const disputes = await listDisputes(network.books.reader, window);
  response.write(disputes.map(disputeLine).join(""));
  lines += disputes.length;
  lines += await writePayouts(network, window, response);
  response.end(`end,${String(lines)}\n`);
}

/** Begins with dispute, dispute_won or dispute_lost. */
function disputeLine(dispute: ListedDispute): string {
  const { status, movement_id, id, amount, currency, fee, reference, charge_id } = dispute;
  const { reason, evidence_due_by, opened_at, closed_at } = dispute;
  const kind = status === "open" ? "dispute" : `dispute_${status}`;
  const money = `${String(amount)},${currency},${String(fee)}`;
  const times = `${evidence_due_by},${opened_at},${closed_at ?? ""}`;
  return `${kind},${movement_id},${id},${money},${reference},${charge_id},${reason},${times}\n`;
}

/** Each as it stands at the end of the period. */
async function writePayouts(
  network: Network,
  window: Window,
  response: ServerResponse,
): Promise<number> {
  // Payouts are the nameless account's alone.
  if (network.state.account !== "") return 0;
  let written = 0;
  for (const payout of await listPayouts(network.books.reader, window)) {
    const { id, status, amount, currency, arrivesAt, changedAt, lineCount } = payout;
    response.write(
      `payout,${id},${status},${amount},${currency},${arrivesAt},${changedAt},${lineCount}\n`,
    );
    for (let after = 0; ;) {
      const page = { after, limit: FILE_ROWS };
      const rows = await listPayoutLines(network.books.reader, id, page);
      const text = rows.map(
        ({ line, kind, amount: net, reference, movementId }) =>
          `payout_line,${id},${line},${kind},${net},${reference},${movementId}\n`,
      );
      if (!response.write(text.join(""))) await drained(response);
      written += rows.length;
      if (rows.length < FILE_ROWS || response.destroyed) break;
      after = rows.at(-1)?.line ?? after;
    }
    written += 1;
  }
  return written;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}
