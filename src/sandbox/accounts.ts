import type { IncomingMessage } from "node:http";
import { createKeys } from "./keys";
import type { BookRow } from "./movement";
import type { Network } from "./network";
import { accountOfId } from "./network-id";
import { createNetworkState } from "./network-state";
import { createRandom } from "./random";
import { createWebhookSender } from "./webhook-sender";

/*
 * The network's accounts, as merchants of a real processor have them. Without a key one speaks for the installation,
 * whose account has no name. A key `sk_test_<account>_<secret>` speaks for the account that it names, for as long as it
 * is not revoked: whoever can reach the network can make one up, as with everything else here. What moved for one
 * account is unknown to all others. The account is in the ids of what it did, so it is in the books, too.
 */

const KEY = /^Bearer (sk_(test|live)_([a-z0-9]{1,32})_[A-Za-z0-9]{8,64})$/;

export interface KeyHolder {
  readonly account: string;
  readonly livemode: boolean;
}

/** Who asks; undefined for a key that is none, or was revoked. */
export function keyHolder(network: Network, { headers }: IncomingMessage): KeyHolder | undefined {
  if (headers.authorization === undefined) return { account: "", livemode: false };
  const [, key = "", mode, account = ""] = KEY.exec(headers.authorization) ?? [];
  if (key === "" || network.revokedKeys.has(key)) return undefined;
  return { account, livemode: mode === "live" };
}

/** The network as an account sees it: with its own money, webhooks and faults, and the same books. */
export function networkOf(network: Network, account: string): Network {
  if (account === "") return network;
  const known = network.accounts.get(account);
  if (known) return known;
  const settings = { ...network.webhooks.settings, url: undefined, secret: "", enabled: true };
  const random = createRandom(network.seed);
  const own: Partial<Network> = {
    state: createNetworkState(account),
    webhooks: createWebhookSender({ settings, random, log: network.log }),
    faults: [],
    keys: createKeys(),
  };
  const opened = Object.assign(Object.create(network) as Network, own);
  network.accounts.set(account, opened);
  return opened;
}

export function allNetworks(network: Network): Network[] {
  return [network, ...network.accounts.values()];
}

/** Whose money a row of the books is about. */
export function networkOfRow(network: Network, row: BookRow): Network {
  if (row.type === "dispute") return networkOf(network, accountOfId(row.charge_id));
  if (row.type === "tombstone") return networkOf(network, row.account);
  return networkOf(network, accountOfId(row.operation_id));
}
