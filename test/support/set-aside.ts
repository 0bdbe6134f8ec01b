import type { Db } from "../../src/db/db";
import { newId } from "../../src/ids";

/** A row of the outbox that is set aside for good: by itself of an event that does not exist. Gives its id. */
export async function setMessageAside(
  db: Db,
  merchantId: string,
  about: object = { event_id: newId("event") },
): Promise<string> {
  const row = {
    ...about,
    merchant_id: merchantId,
    relay_deaths: 8,
    relay_error: "DATABASE",
    aside_since: new Date(),
    aside_until: "infinity",
  };
  const [made] = await db("outbox").insert(row).returning<{ id: number }[]>("id");
  return `msg_${String(made?.id).padStart(26, "0")}`;
}

/** The row of a message. */
export function rowOf(db: Db, id: string) {
  return db("outbox").where({ id: Number(id.slice("msg_".length)) });
}
