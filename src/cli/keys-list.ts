import type { Db } from "../db/db";
import { type ApiKey, listApiKeys } from "../merchants/api-key-store";
import type { Command } from "./command";
import { readDatabaseUrl, withDb } from "./database";
import { OWNER_HELP, OWNER_OPTIONS, keyLine, ownerId, ownerOf } from "./key-options";

const PAGES_MAX = 1_000;

export const listKeysCommand: Command = {
  name: "keys list",
  summary: "lists API keys, without their text",
  help: `Lists API keys that can be used, newest first, with their last use and their end. The database is DATABASE_URL.

${OWNER_HELP}
  --all             also those that have expired or were revoked`,
  options: { ...OWNER_OPTIONS, all: { type: "boolean", default: false } },
  run: async ({ values, environment }) => {
    const id = ownerId(values);
    const active = values["all"] === true ? null : true;
    const keys = await withDb(readDatabaseUrl(environment), async (db) => {
      await ownerOf(db, id);
      return allKeys(db, id, active);
    });
    const text = keys.length === 0 ? "There are none.\n" : `${keys.map(keyLine).join("\n")}\n`;
    return { json: { apiKeys: keys }, text };
  },
};

async function allKeys(db: Db, merchantId: string, active: true | null): Promise<ApiKey[]> {
  const keys: ApiKey[] = [];
  let after: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const filter = { active };
    const { edges, pageInfo } = await listApiKeys(db, merchantId, {
      filter,
      page: { first: 100, after },
    });
    keys.push(...edges.map(({ node }) => node));
    after = pageInfo.endCursor;
    if (pageInfo.hasNextPage !== true) break;
  }
  return keys;
}
