import type { Attack } from "./attack";
import { backlog } from "./attacks/backlog";
import { cells } from "./attacks/cells";
import { databaseAway } from "./attacks/database-away";
import { frozenWorker } from "./attacks/frozen-worker";
import { fuzz } from "./attacks/fuzz";
import { histories } from "./attacks/histories";
import { keyReuse } from "./attacks/key-reuse";
import { killEverywhere } from "./attacks/kill-everywhere";
import { lostAnswers } from "./attacks/lost-answers";
import { noisyEndpoint } from "./attacks/noisy-endpoint";
import { noisyNeighbour } from "./attacks/noisy-neighbour";
import { parallelRefunds } from "./attacks/parallel-refunds";
import { patroni } from "./attacks/patroni";
import { processorOutage } from "./attacks/processor-outage";
import { processorWebhooks } from "./attacks/processor-webhooks";
import { queueWiped, queueWipedOnRedis } from "./attacks/queue-wiped";
import { redisLost } from "./attacks/redis-lost";
import { redisCluster, redisSentinel } from "./attacks/redis-nodes";
import { relayKilled } from "./attacks/relay-killed";
import { replayPlan } from "./attacks/replay-plan";
import { rollingUpgrade, rollingUpgradeOnRedis } from "./attacks/rolling-upgrade";
import { sameKey } from "./attacks/same-key";
import { settlementFile } from "./attacks/settlement-file";
import { skewedWorker } from "./attacks/skewed-worker";
import { stripe } from "./attacks/stripe";
import { unknownOutcomes } from "./attacks/unknown-outcomes";

/** In the order in which they run. */
export const ATTACKS: readonly Attack[] = [
  lostAnswers,
  sameKey,
  keyReuse,
  parallelRefunds,
  unknownOutcomes,
  processorWebhooks,
  stripe,
  relayKilled,
  queueWiped,
  queueWipedOnRedis,
  redisLost,
  redisCluster,
  redisSentinel,
  databaseAway,
  patroni,
  skewedWorker,
  frozenWorker,
  processorOutage,
  noisyNeighbour,
  noisyEndpoint,
  backlog,
  replayPlan,
  settlementFile,
  fuzz,
  histories,
  rollingUpgrade,
  rollingUpgradeOnRedis,
  cells,
  killEverywhere,
];
