import {
  FailpointError,
  type FailpointName,
  configureFailpoints,
  failpointCounts,
} from "../../src/failpoints";
import type { TestApp } from "./app";

/** Makes the step fail the next time it is passed, as if the process had died there. */
export function crashOnceAt(name: FailpointName): void {
  configureFailpoints(`${name}:throw#1`);
}

/** A crash test that never crashes proves nothing. */
export function expectCrashed(name: FailpointName): void {
  expect(failpointCounts()).toEqual({ [name]: 1 });
  configureFailpoints(undefined);
}

/** What died is nobody's business any more: its error is swallowed, any other is not. */
export async function dying(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof FailpointError)) throw error;
  }
}

const LIVES_MAX = 6;

/** Workers at work, one of which dies on the way: another goes on from the rows, with no job left over from before. */
export async function surviveCrash(t: TestApp): Promise<void> {
  for (let life = 0; life < LIVES_MAX; life += 1) {
    await dying(t.drain());
    await t.killWorker();
    t.queues.wipe();
    await t.makeDue();
  }
  await t.drain();
}
