import { frozenWorker } from "./attacks/frozen-worker";
import { queueWiped } from "./attacks/queue-wiped";
import { relayKilled } from "./attacks/relay-killed";
import { skewedWorker } from "./attacks/skewed-worker";
import { testAttacks } from "./test-attacks";

testAttacks([relayKilled, queueWiped, skewedWorker, frozenWorker]);
