import type { OperationKind } from "./operation";
import { createRandom, type Random } from "./random";

/**
 * - `lose_response`: booked, then the connection closes without an answer.
 * - `lose_request`: nothing is booked, and the connection closes without an answer.
 * - `hang`: booked, and never answered; the connection stays open until the client gives up.
 * - `error_after`: booked, then answered with 500.
 * - `reset`: the connection is reset at once, before anything is booked.
 */
export const FAULT_KINDS = [
  "lose_response",
  "lose_request",
  "hang",
  "error_after",
  "reset",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const FAULTY_OPERATIONS = [
  "charge",
  "authorize",
  "capture",
  "refund",
  "void",
  "lookup",
  "reverse",
  "prepare",
] as const satisfies readonly (OperationKind | "lookup" | "reverse" | "prepare")[];
export type FaultyOperation = (typeof FAULTY_OPERATIONS)[number];

export interface FaultOrder {
  readonly fault: FaultKind;
  readonly rate: number;
  readonly operation?: FaultyOperation | undefined;
  readonly count?: number | undefined;
  readonly seed?: number | undefined;
}

export interface ActiveFault extends FaultOrder {
  readonly seed: number;
  readonly random: Random;
  fired: number;
}

export function activateFault(order: FaultOrder, defaultSeed: number): ActiveFault {
  const seed = order.seed ?? defaultSeed;
  return { ...order, seed, random: createRandom(seed), fired: 0 };
}

/**
 * Which fault, if any, befalls this request. Every fault that applies draws, also when an earlier
 * one has fired already, so that its own sequence does not depend on its neighbours' and a seed
 * repeats a run.
 */
export function drawFault(
  faults: readonly ActiveFault[],
  operation: FaultyOperation,
): FaultKind | undefined {
  let drawn: ActiveFault | undefined;
  for (const fault of faults) {
    if (!appliesTo(fault, operation)) continue;
    const hit = fault.random() < fault.rate;
    if (hit && drawn === undefined && fault.fired < (fault.count ?? Infinity)) drawn = fault;
  }
  if (drawn === undefined) return undefined;
  drawn.fired += 1;
  return drawn.fault;
}

function appliesTo(fault: ActiveFault, operation: FaultyOperation): boolean {
  if (fault.operation !== undefined) return fault.operation === operation;
  return operation !== "lookup" && operation !== "reverse" && operation !== "prepare";
}
