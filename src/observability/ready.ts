import type { Db } from "../db/db";

const READY_WITHIN_MS = 1_000;

/** Whether the database answers, within a second. */
export async function isReady(db: Db): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, READY_WITHIN_MS);
  });
  const answers = db.raw("select 1").then(
    () => true,
    () => false,
  );
  const ready = await Promise.race([answers, late]);
  clearTimeout(timer);
  return ready;
}
