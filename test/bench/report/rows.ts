import { median } from "../load/latency";
import { requiredClients } from "../parts/operations";
import {
  type DrainFigures,
  type Measured,
  type MeasuredOperation,
  OPERATIONS,
  type Results,
  type StormFigures,
} from "../results";
import { clientsText } from "./words";

/** A line of the table. What is not about a ceiling, or is not required, has none. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: "/s" | "ms" | "s" | "MB" | "rows" | "×";
  /** Beside the figure: latencies, say. */
  readonly note?: string;
  readonly ceiling?: number;
  readonly ceilingName?: string;
  readonly ratio?: number;
  readonly required?: string;
  readonly met?: boolean;
}

export function rowsOf(results: Results): Row[] {
  return [
    ...ceilingRows(results),
    ...operationRows(results),
    ...openRows(results),
    ...stormRows(results),
    ...paymentRows(results),
    ...floorRows(results),
    ...cellRows(results),
    ...drainRows(results),
    ...merchantRows(results),
    ...sizeRows(results),
    ...processRows(results),
    ...liveRows(results),
    ...consoleRows(results),
  ];
}

/** A row that is compared with a ceiling, and has to reach a share of it. */
function against(
  row: Pick<Row, "what" | "value" | "unit" | "note">,
  ceiling: { readonly name: string; readonly value: number; readonly atLeast?: number },
): Row {
  const ratio = row.value / ceiling.value;
  const { atLeast } = ceiling;
  return {
    ...row,
    ceiling: ceiling.value,
    ceilingName: ceiling.name,
    ratio,
    ...(atLeast !== undefined && { required: `≥ ${String(atLeast)} ×`, met: ratio >= atLeast }),
  };
}

function atMost(row: Pick<Row, "what" | "value" | "unit" | "note">, limit: number): Row {
  return {
    ...row,
    required: `≤ ${limit.toFixed(limit < 10 ? 1 : 0)} ${row.unit}`,
    met: row.value <= limit,
  };
}

function ceilingRows({ statement, http }: Results): Row[] {
  const rows: Row[] = (statement?.byClients ?? []).map(({ clients, throughput, meanMs }) => ({
    what: `ceiling: one create statement, ${clientsText(clients)}`,
    value: throughput,
    unit: "/s",
    note: `mean ${meanMs.toFixed(2)} ms (${statement?.how ?? ""})`,
  }));
  if (http) {
    rows.push(
      {
        what: "ceiling: HTTP alone, create without a database, by graphql-js",
        value: http.create,
        unit: "/s",
      },
      { what: "ceiling: HTTP alone, { __typename }", value: http.typename, unit: "/s" },
    );
  }
  return rows;
}

const OPERATION_NAMES: Readonly<Record<MeasuredOperation, string>> = {
  create: "create",
  confirm: "confirm",
  replay: "replay of a known key",
  query: "query by id",
  list: "list of 20",
};

const SHARE_OF_STATEMENT: Partial<Record<MeasuredOperation, number>> = {
  create: 0.9,
  confirm: 0.6,
};

function operationRows(results: Results): Row[] {
  const { operations = {} } = results;
  return OPERATIONS.flatMap((name) => {
    const measured = operations[name] ?? [];
    if (measured.length === 0) return [];
    const required = requiredClients(measured.map(({ clients }) => clients));
    return measured.map((one) =>
      operationRow(results, { name, one, isRequired: one.clients === required }),
    );
  }).concat(httpRows(results), latencyRows(results));
}

/** What compiled execution saves has to be more than the database costs. */
function httpRows({ http, operations = {} }: Results): Row[] {
  return (["create", "confirm", "replay"] as const).flatMap((name) => {
    const measured = operations[name] ?? [];
    if (!http || measured.length === 0) return [];
    const required = requiredClients(measured.map(({ clients }) => clients));
    const one = measured.find(({ clients }) => clients === required);
    if (!one) return [];
    const what = `${OPERATION_NAMES[name]}, ${clientsText(required)}: beside HTTP alone`;
    const row = { what, value: one.throughput, unit: "/s" as const };
    return [against(row, { name: "HTTP alone", value: http.create, atLeast: 1.1 })];
  });
}

function operationRow(
  { statement, operations }: Results,
  { name, one, isRequired }: { name: MeasuredOperation; one: Measured; isRequired: boolean },
): Row {
  const row = {
    what: `${OPERATION_NAMES[name]}, ${clientsText(one.clients)}`,
    value: one.throughput,
    unit: "/s" as const,
    note: `p50 ${one.latency.p50.toFixed(2)}, p99 ${one.latency.p99.toFixed(1)} ms`,
  };
  const create = operations?.create?.find(({ clients }) => clients === one.clients);
  if (name === "replay" && create) {
    return against(row, {
      name: "create",
      value: create.throughput,
      ...(isRequired && { atLeast: 1 }),
    });
  }
  const share = SHARE_OF_STATEMENT[name];
  if (!statement || share === undefined) return row;
  const atLeast = isRequired ? { atLeast: share } : {};
  return against(row, { name: "one statement", value: statement.best, ...atLeast });
}

function latencyRows({ statement, operations }: Results): Row[] {
  const create = operations?.create ?? [];
  const rows: Row[] = [];
  if (create.length > 0) {
    const many = create.find(
      ({ clients }) => clients === requiredClients(create.map((one) => one.clients)),
    );
    if (many) {
      const what = `create, ${clientsText(many.clients)}: p99`;
      rows.push(atMost({ what, value: many.latency.p99, unit: "ms" }, 25));
    }
  }
  const single = create.find(({ clients }) => clients === 1);
  if (single && statement) {
    const limit = 2 * statement.latencyMs + 1;
    const note = `one statement: ${statement.latencyMs.toFixed(2)} ms`;
    rows.push(
      atMost({ what: "create, 1 client: p50", value: single.latency.p50, unit: "ms", note }, limit),
    );
  }
  return rows;
}

// What is required is required at this share of the capacity.
const BUSY = 0.7;
const TIMES_ALONE = 10;
const P999_MS_MAX = 100;

function openRows({ open = [] }: Results): Row[] {
  return open.flatMap(({ operation, aloneP50, rates }) =>
    rates.map(({ share, perSecond, latency: { p50, p99, p999 } }): Row => {
      const ratio = p99 / aloneP50;
      return {
        what: `${operation} at ${perSecond.toFixed(0)}/s (${String(share * 100)} %): p99`,
        value: p99,
        unit: "ms",
        note: `p50 ${p50.toFixed(1)}, p99.9 ${p999.toFixed(1)} ms`,
        ceiling: aloneP50,
        ceilingName: "p50 alone",
        ratio,
        ...(share === BUSY && {
          required: `≤ ${String(TIMES_ALONE)} ×, p99.9 ≤ ${String(P999_MS_MAX)} ms`,
          met: ratio <= TIMES_ALONE && p999 <= P999_MS_MAX,
        }),
      };
    }),
  );
}

function stormRows({ storms = [] }: Results): Row[] {
  return storms.map((storm) => {
    const { keys, redis, keyCount, requests, throughput, latency } = storm;
    const sum = `${requests.toLocaleString("en-US")} of ${String(keyCount)} keys`;
    const row = {
      what: `retry storm, ${keys}, ${sum}, ${redis ? "with" : "without"} Redis`,
      value: throughput,
      unit: "/s" as const,
      note:
        `p50 ${latency.p50.toFixed(1)}, p99 ${latency.p99.toFixed(1)} ms; ${String(storm.transactions)} transactions, ` +
        `${storm.connectionsBusy.toFixed(1)} of ${String(storm.connectionsMax)} connections busy`,
    };
    const without = storms.find((other: StormFigures) => !other.redis && other.keys === keys);
    if (!redis || !without) return row;
    return against(row, { name: "without Redis", value: without.throughput });
  });
}

const PAYMENTS_PER_SECOND = 1_500;

function paymentRows({ payment }: Results): Row[] {
  if (!payment) return [];
  const { throughput, latency } = payment;
  const growth = backlogGrowth(payment.backlog);
  const isWhole = payment.lost === 0 && payment.settled === payment.journals;
  return [
    {
      what: `whole payment, to a delivered webhook, ${String(payment.seconds)} s`,
      value: throughput,
      unit: "/s",
      note: `p50 ${latency.p50.toFixed(0)}, p99 ${latency.p99.toFixed(0)} ms`,
      required: `≥ ${String(PAYMENTS_PER_SECOND)} /s`,
      met: throughput >= PAYMENTS_PER_SECOND && isWhole,
    },
    {
      what: "whole payment: growth of the backlog over the second half",
      value: growth.grown,
      unit: "rows",
      note: `mean ${growth.mean.toFixed(0)} rows`,
      required: "does not grow",
      met: growth.grown <= Math.max(GROWTH_ROWS, GROWTH_SHARE * growth.mean),
    },
  ];
}

const TIMES_FLOOR = 1.8;

function floorRows({ floor }: Results): Row[] {
  if (!floor) return [];
  const { product, bare, payments, rows } = floor;
  const sum = (parts: Readonly<Record<string, number>>): number =>
    Object.values(parts).reduce((total, ms) => total + ms, 0);
  const row = (what: string, value: number, ceiling: number): Row => ({
    what,
    value,
    unit: "ms",
    ceiling,
    ceilingName: "bare processes",
    ratio: value / ceiling,
  });
  const all = row("whole payment, three webhooks: processor time", sum(product), sum(bare));
  return [
    {
      ...all,
      note: `of ${payments.toLocaleString("en-US")}; ${rows.toFixed(1)} rows each`,
      required: `≤ ${String(TIMES_FLOOR)} ×`,
      met: sum(product) <= TIMES_FLOOR * sum(bare),
    },
    ...Object.entries(product).map(([name, ms]) => row(`  of it, ${name}`, ms, bare[name] ?? NaN)),
  ];
}

function cellRows({ cells }: Results): Row[] {
  if (!cells) return [];
  const [alone, together] = [cells.alone, cells.together].map((figures) =>
    figures.reduce((sum, figure) => sum + figure, 0),
  ) as [number, number];
  const one = alone / cells.alone.length;
  return [
    against(
      { what: "whole payments of two cells, each on a core", value: together, unit: "/s" },
      { name: "one of them, on its core", value: one },
    ),
  ];
}

// A backlog breathes from sample to sample; what piles up exceeds this soon.
const GROWTH_ROWS = 100;
const GROWTH_SHARE = 0.2;

/** The mean of the last quarter against the mean of the quarter before it. */
function backlogGrowth(
  backlog: readonly { outbox: number; queuedAttempts: number; dueDeliveries: number }[],
) {
  const rows = backlog.map((one) => one.outbox + one.queuedAttempts + one.dueDeliveries);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const quarter = Math.ceil(rows.length / 4);
  const last = rows.slice(-quarter);
  const before = rows.slice(-2 * quarter, -quarter);
  return { grown: mean(last) - mean(before), mean: mean(rows) };
}

function drainRows({ drains = [] }: Results): Row[] {
  return drains.map(({ queue, receiverMs, rows, throughput, ceiling }) =>
    against(
      {
        what: `drain of ${String(rows)} rows, ${queue}, ${String(receiverMs)} ms receiver`,
        value: throughput,
        unit: "/s",
      },
      receiverMs === 0
        ? { name: "bare SKIP LOCKED loop", value: ceiling, ...share(queue, 0.55) }
        : { name: "the receiver itself", value: ceiling, ...share(queue, 0.8) },
    ),
  );
}

/** What is required is required of the queue that needs no other server; the other is shown beside it. */
function share(queue: DrainFigures["queue"], atLeast: number): { readonly atLeast?: number } {
  return queue === "postgres" ? { atLeast } : {};
}

function merchantRows({ merchants }: Results): Row[] {
  if (!merchants) return [];
  const name = "a thousand merchants";
  return [
    against(
      { what: "one hot merchant: whole payments", value: merchants.payments.one, unit: "/s" },
      { name, value: merchants.payments.thousand, atLeast: 0.67 },
    ),
    against(
      { what: "one hot merchant: creates", value: merchants.oneThroughput, unit: "/s" },
      { name, value: merchants.thousandThroughput, atLeast: 0.67 },
    ),
  ];
}

function sizeRows({ size }: Results): Row[] {
  if (!size) return [];
  const { small, large } = size;
  const ratio = large.p99 / small.p99;
  return [
    against(
      {
        what: `create with ${String(large.payments)} payments in the tables`,
        value: large.throughput,
        unit: "/s",
        note: `${size.databaseGb.toFixed(1)} GB, filled in ${size.fillSeconds.toFixed(0)} s`,
      },
      { name: `${String(small.payments)} payments`, value: small.throughput, atLeast: 0.85 },
    ),
    {
      what: `the same: p99`,
      value: large.p99,
      unit: "ms",
      ceiling: small.p99,
      ceilingName: `${String(small.payments)} payments`,
      ratio,
      required: "≤ 1.3 ×",
      met: ratio <= 1.3,
    },
  ];
}

function liveRows({ live }: Results): Row[] {
  if (!live) return [];
  const note = `p50 ${live.p50Ms.toFixed(0)} ms, ${String(live.changes)} changes`;
  const lag = { what: "watched payment: from the commit to the client, p95", unit: "ms" as const };
  const memory = { what: "memory of 1,000 open subscriptions", unit: "MB" as const };
  return [
    atMost({ ...lag, value: live.p95Ms, note }, 100),
    atMost({ ...memory, value: live.memoryMb }, 100),
    against(
      { what: "creates beside 1,000 open subscriptions", value: live.watched, unit: "/s" },
      { name: "without them", value: live.alone, atLeast: 0.95 },
    ),
  ];
}

function processRows({ memory = [], start, recovery }: Results): Row[] {
  const rows: Row[] = memory.flatMap(({ process, idleMb, loadedMb }) => {
    const idle = { what: `memory of ${process}, idle`, value: idleMb, unit: "MB" as const };
    const loaded = {
      what: `memory of ${process}, at most under 256 clients`,
      value: loadedMb,
      unit: "MB" as const,
    };
    return process === "api" ? [atMost(idle, 150), atMost(loaded, 350)] : [idle, loaded];
  });
  if (start) {
    const seconds = median(start.apiMs) / 1_000;
    rows.push(atMost({ what: "cold start of the API process", value: seconds, unit: "s" }, 1.5));
  }
  if (recovery) {
    const note = `${String(recovery.inFlight)} in flight, ${String(recovery.sent)} of them sent`;
    rows.push(
      atMost(
        { what: "worker killed: until all is settled", value: recovery.seconds, unit: "s", note },
        10,
      ),
    );
  }
  return rows;
}

const PAGE_MS_MAX = 150;

function consoleRows({ console: figures }: Results): Row[] {
  return (figures?.pages ?? []).map(({ page, p50, p95, opened }) =>
    atMost(
      {
        what: `console, ${page}: p95`,
        value: p95,
        unit: "ms",
        note: `p50 ${p50.toFixed(0)}, opened ${String(opened)} times`,
      },
      PAGE_MS_MAX,
    ),
  );
}
