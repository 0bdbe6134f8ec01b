import { recordCommand } from "../audit-log/record-write";
import { transact } from "../db/transact";
import { Failure, verdict } from "../failures";
import { ADDRESS_RANGES_MAX, normalRange } from "../merchants/addresses";
import { type Scope, isScope } from "../merchants/api-key";
import {
  type NewKey,
  assertFuture,
  checkedKey,
  mint,
  refuseWhenFull,
} from "../merchants/create-api-key";
import { lockMerchant } from "../merchants/merchant-store";
import { type Call, type Command, UsageError } from "./command";
import { readDatabaseUrl, withDb } from "./database";
import {
  KIND_NAMES,
  OWNER_HELP,
  OWNER_OPTIONS,
  checkName,
  keyLine,
  ownerId,
  ownerOf,
  readDuration,
} from "./key-options";

/** Also the first platform operator's key of an installation: only a key could ask the API for one. */
export const createKeyCommand: Command = {
  name: "keys create",
  summary: "creates an API key and shows it once",
  help: `Creates an API key and shows it: only its hash is stored. Running the command again creates another key. Two
people who are to check each other (ONCEPAY_FOUR_EYES) each need a platform operator's key that was created here.
The database is DATABASE_URL.

${OWNER_HELP}
  --kind KIND       secret, publishable, restricted or operator; not with --platform
  --name NAME       what the key is for
  --scopes LIST     a restricted key's scopes, separated by commas; read scopes by default
  --expires-in D    when the key ends, for example 90d or 12h; it does not end by default
  --allow LIST      the addresses that it may be used from, as CIDR ranges separated by commas`,
  options: {
    ...OWNER_OPTIONS,
    kind: { type: "string" },
    name: { type: "string" },
    scopes: { type: "string" },
    "expires-in": { type: "string" },
    allow: { type: "string" },
  },
  run: async ({ values, environment }) => {
    const id = ownerId(values);
    const wanted = readWanted(values);
    const { apiKey, secret } = await withDb(readDatabaseUrl(environment), async (db) => {
      await ownerOf(db, id);
      const checked = asUsage(() => checkedKey(id, wanted));
      return transact(db, async (tx) => {
        const merchant = await lockMerchant(tx, id);
        if (!merchant) throw new UsageError(`There is no merchant ${id}.`);
        const full = await refuseWhenFull(tx, merchant);
        if (full) throw verdict(full);
        await assertFuture(tx, checked.expiresAt);
        const made = await mint(tx, merchant, { ...checked, createdBy: null, origin: null });
        const details = { keyKind: checked.kind, scopes: checked.scopes };
        const subjectId = made.apiKey.id;
        await recordCommand(tx, { merchantId: id, name: "keys create", subjectId, details });
        return made;
      });
    });
    const text = `${keyLine(apiKey)}

${secret}

Store the key now: it will not be shown again.
`;
    return { json: { ...apiKey, secret }, text };
  },
};

function readWanted(values: Call["values"]): NewKey {
  const { kind, scopes, allow } = values;
  const isPlatform = values["platform"] === true;
  const named = typeof kind === "string" ? KIND_NAMES[kind] : undefined;
  if (isPlatform ? kind !== undefined : !named) {
    throw new UsageError("--kind must be secret, publishable, restricted or operator.");
  }
  const expiresIn = values["expires-in"];
  return {
    kind: named ?? "PLATFORM",
    name: checkName(values["name"], "the key's"),
    scopes: typeof scopes === "string" ? readScopes(scopes) : null,
    expiresAt:
      typeof expiresIn === "string" ? after(readDuration(expiresIn, "--expires-in")) : null,
    allowedAddresses: typeof allow === "string" ? readRanges(allow) : [],
  };
}

function after(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString();
}

function readScopes(text: string): Scope[] {
  const scopes = text.split(",").map((scope) => scope.trim());
  const known = scopes.filter(isScope);
  if (known.length === scopes.length) return [...new Set(known)].sort();
  throw new UsageError("--scopes has one that does not exist; docs/api.md lists them.");
}

function readRanges(text: string): string[] {
  const ranges = text.split(",").map((range) => normalRange(range.trim()));
  const known = ranges.filter((range) => range !== undefined);
  if (known.length === ranges.length && known.length <= ADDRESS_RANGES_MAX) {
    return [...new Set(known)].sort();
  }
  throw new UsageError(
    `--allow: at most ${String(ADDRESS_RANGES_MAX)} addresses or ranges such as 203.0.113.0/24.`,
  );
}

/** What is wrong with a key is wrong with the command line here. */
function asUsage<Result>(check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    throw error instanceof Failure ? new UsageError(error.message) : error;
  }
}
