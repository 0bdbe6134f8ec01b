import type { Knex } from "knex";

/** API keys that say their mode, that are rolled, limited to addresses and seen in use; and the installation's own. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- A merchant is in one mode, and every row begins with its merchant: so every row is in that mode.
    alter table merchants
      add column mode text not null default 'TEST',
      add constraint merchants_mode_check check (mode in ('TEST', 'LIVE'));

    -- The tenant that platform operators' keys belong to. It has keys and merchants' creations, and no payments.
    insert into merchants (id, name, mode)
    values ('mer_00000000000000000000000000', 'This installation', 'LIVE');
    -- Not validated: no payment can have it yet, and a busy table is not read for that.
    alter table payment_intents add constraint payment_intents_not_of_the_platform
      check (merchant_id <> 'mer_00000000000000000000000000') not valid;

    alter table api_keys
      -- As CIDR ranges; none means from everywhere.
      add column allowed_addresses text[] not null default '{}',
      -- The key that this one was rolled from; that one lives on for a while.
      add column rolled_from text collate "C",
      -- The key that minted this one; null when it was made on the command line.
      add column created_by text collate "C",
      -- The first of the keys that minted each other: all of them are the same pair of eyes.
      add column origin text collate "C",
      add column first_used_at timestamptz,
      add column last_used_at timestamptz,
      drop constraint api_keys_kind_check,
      add constraint api_keys_kind_check
        check (kind in ('SECRET', 'PUBLISHABLE', 'RESTRICTED', 'OPERATOR', 'PLATFORM')),
      add constraint api_keys_platform_check
        check ((kind = 'PLATFORM') = (merchant_id = 'mer_00000000000000000000000000')),
      -- A key has one successor: two who roll it at once cannot both be right.
      add constraint api_keys_one_successor unique (merchant_id, rolled_from);
    -- When a key was last used is written where its row is.
    alter table api_keys set (fillfactor = 80);

    -- What only the installation's own operators may do. Code from before this goes on handing these scopes out, so
    -- the scopes that a kind of key can have are also decided where keys are read (src/merchants/api-key.ts).
    update api_keys
    set scopes = array_remove(array_remove(scopes, 'merchants:write'), 'operations:write')
    where kind <> 'PLATFORM' and scopes && array['merchants:write', 'operations:write'];
    -- Whoever may make keys may see which there are.
    update api_keys set scopes = array_append(scopes, 'keys:read')
    where 'keys:write' = any (scopes) and not 'keys:read' = any (scopes);

    -- Whether a publishable key confirmed an intent at a moment; its record, its attempt and its transition have the
    -- same one. A function, because confirming asks this only about keys that are already in use, and a statement
    -- prepares every part of itself each time.
    create function was_confirmed_by_shopper(of_merchant text, of_intent text, at_moment timestamptz)
      returns boolean language plpgsql stable as $$
    begin
      return exists (
        select from transitions t
        join api_keys k on k.merchant_id = t.merchant_id and k.id = t.actor
        where t.merchant_id = of_merchant and t.payment_intent_id = of_intent
          and t.cause = 'confirmPaymentIntent' and t.at = at_moment and k.kind = 'PUBLISHABLE'
      );
    end $$;
  `);
}
