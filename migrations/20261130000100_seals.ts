import type { Knex } from "knex";

/**
 * Seals: what was committed is hashed into trees, a batch of one merchant at a time, each naming the one before. A worker
 * writes them; nothing that moves money does, or waits for it.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- What signs seals. The newest signs; older ones stay, because what they signed does.
    create table signing_keys (
      id text collate "C" primary key,
      public_key bytea not null check (length(public_key) = 32),
      private_key bytea not null,
      created_at timestamptz not null default now()
    );

    -- Sealing it with another encryption key is the one change there is.
    create function guard_signing_key() returns trigger language plpgsql as $$
    begin
      if (new.id, new.public_key, new.created_at) = (old.id, old.public_key, old.created_at) then
        return new;
      end if;
      raise exception 'a signing key stays what it is' using errcode = 'restrict_violation';
    end $$;
    create trigger guard_signing_key before update on signing_keys for each row
      execute function guard_signing_key();
    create trigger keep_signing_keys before delete or truncate on signing_keys
      for each statement execute function refuse_change();

    create table seals (
      merchant_id text collate "C" not null references merchants (id),
      number int not null check (number > 0),
      -- What it covers goes on where the one before ended, and ends here: events up to this place
      -- in the feed, each with its transition, and postings from before this time, with journals.
      feed_position bigint not null check (feed_position >= 0),
      postings_before timestamptz not null,
      -- The leaves in the tree's order: hashes of 32 bytes, and what each is of, one to a line.
      leaf_count int not null check (leaf_count >= 0),
      leaves bytea not null check (length(leaves) = 32 * leaf_count),
      names text not null,
      root bytea not null check (length(root) = 32),
      -- The hash of what was signed of the one before.
      previous bytea check (length(previous) = 32),
      sealed_at timestamptz not null,
      key_id text collate "C" not null references signing_keys (id),
      signature bytea not null check (length(signature) = 64),
      primary key (merchant_id, number),
      check ((previous is null) = (number = 1))
    );
    -- Hashes do not get smaller.
    alter table seals alter column leaves set storage external;
    -- In which seal a row of a given time may be.
    create index seals_by_time on seals (merchant_id, sealed_at, number);
    create index seals_by_postings on seals (merchant_id, postings_before, number);
    create trigger append_only before update or delete or truncate on seals
      for each statement execute function refuse_change();

    select expect_busy_merchants();
  `);
}
